//! What can be loaded, and when.

use pynq::{
    Error, MicroblazePart, MicroblazeProgram, Overlay, ProgramError,
    drivers::microblaze::{MicroblazeError, Program, Segment, State},
};

use crate::{
    assembler::Assembler,
    support::{IOP, adder, load, overlay},
};

/// Writes a word, and stays.
fn writer(value: u32) -> Assembler {
    let mut program = Assembler::new();
    program.poke(0x1000, value).label("end").jump("end");
    program
}

#[test]
fn a_program_runs_and_is_stopped_and_run_anew() {
    let overlay = overlay();
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    assert_eq!(iop.state().expect("no error"), State::Idle);
    load(&iop, &writer(7));
    assert_eq!(iop.state().expect("no error"), State::Running);
    assert_eq!(iop.word_async(0x1000, |word| word != 0).block().expect("it runs"), 7);
    iop.stop().expect("no error");
    iop.write(0x1000, &[1]).expect("its memory is there all the same");
    overlay.sleep(core::time::Duration::from_micros(100)).expect("no error");
    let mut word = [0];
    iop.read(0x1000, &mut word).expect("no error");
    assert_eq!((iop.state().expect("no error"), word), (State::Stopped, [1]), "it is held");
    iop.run().expect("no error");
    assert_eq!(iop.word_async(0x1000, |word| word == 7).block().expect("it runs"), 7);
}

#[test]
fn a_program_that_runs_is_replaced_by_force_only() {
    let overlay = overlay();
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    load(&iop, &writer(7));
    let second = overlay.microblaze("iop_pmoda").expect("the same one");
    let refused = second.load(&Program::raw(&writer(8).bytes())).expect_err("one runs");
    assert_eq!(*refused.cause(), MicroblazeError::Running);
    assert_eq!(
        refused.to_string(),
        "`iop_pmoda/mb_bram_ctrl`: another program runs on it; stop that, or load by force"
    );
    second.load_by_force(&Program::raw(&writer(8).bytes())).expect("by force");
    assert_eq!(iop.word_async(0x1000, |word| word == 8).block().expect("it runs"), 8);
    iop.stop().expect("no error");
    load(&iop, &writer(9));
    assert_eq!(iop.word_async(0x1000, |word| word == 9).block().expect("it runs"), 9);
}

#[test]
fn all_of_the_memory_is_the_programs_and_zero() {
    let overlay = overlay();
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    iop.write(0, &[u32::MAX; 0x4000]).expect("its memory");
    let mut end = Assembler::new();
    end.label("end").jump("end");
    let bytes = [&end.bytes()[..], &[1, 2, 3]].concat();
    let pieces = [Segment { address: 0, bytes: &bytes }, Segment { address: 0x2001, bytes: &[9, 8] }];
    let loaded = iop.load(&Program::new(&pieces)).expect("it fits");
    assert_eq!((loaded.end, loaded.overlaps_mailbox), (0x2003, false));
    let mut memory = vec![0; 0x4000];
    iop.read(0, &mut memory).expect("no error");
    let expected = |index: usize| match index {
        0 => 0xB800_0000,
        1 => 0x0003_0201,
        0x800 => 0x0008_0900,
        _ => 0,
    };
    assert!(memory.iter().enumerate().all(|(index, word)| *word == expected(index)));
}

#[test]
fn what_does_not_fit_is_refused_and_what_reaches_the_mailbox_is_told() {
    let iop = overlay().microblaze("iop_pmoda").expect("it is there");
    let cause = |bytes: &[u8]| *iop.load(&Program::raw(bytes)).expect_err("refused").cause();
    assert_eq!(cause(&[0; 0x1_0001]), MicroblazeError::DoesNotFit { address: 0, length: 0x1_0001, size: 0x1_0000 });
    assert_eq!(cause(&[]), MicroblazeError::Empty);
    assert_eq!(iop.state().expect("no error"), State::Idle, "nothing was touched");
    assert!(iop.load(&Program::raw(&[0; 0x1_0000])).expect("it fits").overlaps_mailbox);
    let error = iop.read(0xFFFE, &mut [0]).expect_err("not a word");
    assert_eq!(*error.cause(), MicroblazeError::Access { offset: 0xFFFE, length: 4, size: 0x1_0000 });
}

/// An ELF file with one segment to load, of the adder, at 0, and one without content.
fn elf(machine: u16) -> Vec<u8> {
    let program = adder().bytes();
    let mut file = vec![0x7F, b'E', b'L', b'F', 1, 1, 1];
    file.resize(16, 0);
    let half = |file: &mut Vec<u8>, value: u16| file.extend(value.to_le_bytes());
    let word = |file: &mut Vec<u8>, value: u32| file.extend(value.to_le_bytes());
    half(&mut file, 2);
    half(&mut file, machine);
    [1, 0, 52, 0, 0].into_iter().for_each(|value| word(&mut file, value));
    [52, 32, 2, 40, 0, 0].into_iter().for_each(|value| half(&mut file, value));
    let length = program.len() as u32;
    [1, 116, 0, 0, length, length, 5, 4].into_iter().for_each(|value| word(&mut file, value));
    [1, 0, 0x4000, 0x4000, 0, 0x100, 6, 4].into_iter().for_each(|value| word(&mut file, value));
    file.extend(program);
    file
}

#[test]
fn a_linked_file_is_loaded_by_its_segments() {
    let iop = overlay().microblaze("iop_pmoda").expect("it is there");
    let file = MicroblazeProgram::parse(elf(189)).expect("a program");
    let segments = file.segments();
    assert_eq!((segments.len(), segments[0].address, segments[0].bytes), (1, 0, &adder().bytes()[..]));
    iop.load(&Program::new(&segments)).expect("it fits");
    let mut result = [0];
    iop.mailbox().expect("it runs").command(1, &[41], &mut result).expect("an answer");
    assert_eq!(result, [42]);
}

#[test]
fn other_files_are_no_programs() {
    let cause = |bytes: Vec<u8>| MicroblazeProgram::parse(bytes).expect_err("no program");
    assert_eq!(cause(Vec::new()), ProgramError::Empty);
    assert!(matches!(cause(elf(40)), ProgramError::OtherMachine { found } if found == "machine 40, Little-endian"));
    let mut cut = elf(189);
    cut.truncate(130);
    assert!(matches!(cause(cut), ProgramError::Damaged { .. }));
    let error = MicroblazeProgram::read("no/such/program.bin").expect_err("no file");
    assert!(error.to_string().starts_with("`no/such/program.bin`: "), "{error}");
}

#[test]
fn what_a_design_lacks_is_named() {
    let open = |text: &str| Overlay::simulated_from_str(text).expect("an overlay").microblaze("iop_pmoda");
    let missing = |error| match error {
        Error::NoMicroblaze { missing, .. } => missing,
        other => panic!("{other}"),
    };
    // The reset line by no net, and by no name either.
    let renamed = IOP.replace("mb_iop_pmoda_reset", "mb_iop_pmoda_other");
    assert!(open(&renamed).is_ok(), "the nets say what it is");
    let cut = renamed.replace("SIGIS=\"rst\" SIGNAME=\"mb_iop_pmoda_other_Dout\"", "SIGIS=\"rst\" SIGNAME=\"x\"");
    assert_eq!(missing(open(&cut).expect_err("no reset")), [MicroblazePart::Reset]);
    // By its name alone.
    let cut = IOP.replace(
        "NAME=\"aux_reset_in\" SIGIS=\"rst\" SIGNAME=\"mb_iop_pmoda_reset_Dout\"",
        "NAME=\"other\" SIGIS=\"rst\" SIGNAME=\"x\"",
    );
    assert!(open(&cut).is_ok(), "the name says what it is");
    // Without the acknowledge, there is no interrupt.
    let cut = IOP.replace("mb_iop_pmoda_intr_ack", "other_line").replace(
        "NAME=\"reset\" SIGIS=\"undef\" SIGNAME=\"other_line_Dout\"",
        "NAME=\"reset\" SIGIS=\"undef\" SIGNAME=\"x\"",
    );
    let overlay = Overlay::simulated_from_str(&cut).expect("an overlay");
    assert!(overlay.microblaze("iop_pmoda").expect("it is there").interrupt().is_none());
    assert_eq!(overlay.microblaze_wiring("iop_pmoda").expect("it is there").missing(), [MicroblazePart::Acknowledge]);
    let error = overlay.microblaze("iop_pmodb").expect_err("no such level");
    assert_eq!(
        error.to_string(),
        "hierarchy `iop_pmodb` has no I/O processor that can be opened, for these are missing: a MicroBlaze; levels with one: \
         `iop_pmoda`"
    );
}

#[test]
fn the_base_overlay_has_four() {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        println!("skipped: PYNQ_HWH_DIR does not say where the base overlay's handoff file is");
        return;
    };
    let overlay = Overlay::simulated(std::path::Path::new(&folder).join("z2-base.hwh")).expect("an overlay");
    assert_eq!(overlay.microblazes(), ["iop_arduino", "iop_pmoda", "iop_pmodb", "iop_rpi"]);
    let wiring = overlay.microblaze_wiring("iop_pmodb").expect("it is there");
    assert_eq!(
        (wiring.memory.as_deref(), wiring.reset, wiring.interrupt.as_deref(), wiring.acknowledge),
        (Some("iop_pmodb/mb_bram_ctrl"), Some(1), Some("iop_pmodb/dff_en_reset_vector_0/q"), Some(5))
    );
    let iops: Vec<_> = overlay.microblazes().iter().map(|path| overlay.microblaze(path).expect("it opens")).collect();
    for (number, iop) in (1..).zip(&iops) {
        load(iop, &writer(number));
    }
    for (number, iop) in (1..).zip(&iops) {
        assert_eq!(iop.word_async(0x1000, |word| word != 0).block().expect("it runs"), number);
    }
}

#[test]
fn a_reload_ends_it() {
    let overlay = overlay();
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    load(&iop, &writer(7));
    overlay.reload().expect("no error");
    assert!(iop.state().expect_err("it is gone").is_invalidated());
    assert_eq!(overlay.microblaze("iop_pmoda").expect("a new one").state().expect("no error"), State::Idle);
}
