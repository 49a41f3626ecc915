//! Drivers of several blocks: how their members are found, and that all of them are claimed or none.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used)] // helpers of tests

mod common;

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, atomic::AtomicU32, atomic::Ordering},
    thread,
};

use common::real_files;
use pynq::{Error, HierarchyContext, HierarchyDriver, Member, prelude::*};

const GPIO: &[&str] = &["xilinx.com:ip:axi_gpio"];
const VDMA: &[&str] = &["xilinx.com:ip:axi_vdma"];
const PACK: &[&str] = &["xilinx.com:hls:pixel_pack", "xilinx.com:hls:pixel_pack_2"];

/// A path, a kind, and interfaces with the bus of each. One whose kind ends in `!` has no address.
type Block<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

/// A design of blocks at addresses one after the other.
fn design(blocks: &[Block<'_>]) -> String {
    let (mut modules, mut ranges) = (String::new(), String::new());
    for (index, (path, kind, interfaces)) in blocks.iter().enumerate() {
        let name = path.replace('/', "_");
        let vlnv = kind.trim_end_matches('!');
        let mut buses = String::new();
        for (interface, bus) in *interfaces {
            let role = if interface.starts_with('M') { "INITIATOR" } else { "TARGET" };
            writeln!(
                buses,
                r#"<BUSINTERFACE BUSNAME="{bus}" NAME="{interface}" TYPE="{role}" VLNV="xilinx.com:interface:axis:1.0"/>"#
            )
            .unwrap();
        }
        writeln!(
            modules,
            r#"<MODULE FULLNAME="/{path}" INSTANCE="{name}" VLNV="{vlnv}:1.0"><PARAMETERS>
               <PARAMETER NAME="C_GPIO_WIDTH" VALUE="4"/></PARAMETERS><BUSINTERFACES>{buses}</BUSINTERFACES></MODULE>"#
        )
        .unwrap();
        if !kind.ends_with('!') {
            let base = 0x4000_0000 + 0x1_0000 * index;
            writeln!(
                ranges,
                r#"<MEMRANGE BASEVALUE="{base:#x}" HIGHVALUE="{:#x}" INSTANCE="{name}" MEMTYPE="REGISTER"/>"#,
                base + 0xFFFF
            )
            .unwrap();
        }
    }
    format!(
        r#"<EDKSYSTEM><SYSTEMINFO ARCH="zynq" NAME="video"/><MODULES>{modules}
           <MODULE INSTANCE="ps7_0" VLNV="xilinx.com:ip:processing_system7:5.5"><MEMORYMAP>{ranges}</MEMORYMAP></MODULE>
           </MODULES></EDKSYSTEM>"#
    )
}

/// A packer feeds a VDMA through a register slice; another VDMA is named as if it were the one. Of three GPIO one has the
/// name that is looked for.
fn camera() -> Overlay {
    Overlay::simulated_from_str(&design(&[
        ("video/in/pack", "xilinx.com:hls:pixel_pack_2", &[("M_STREAM", "packed")]),
        ("video/in/slice", "xilinx.com:ip:axis_register_slice!", &[("S_AXIS", "packed"), ("M_AXIS", "sliced")]),
        ("video/other", "xilinx.com:ip:axi_vdma", &[("S_AXIS_S2MM", "sliced")]),
        ("video/vdma", "xilinx.com:ip:axi_vdma", &[("S_AXIS_S2MM", "elsewhere"), ("M_AXIS_MM2S", "out")]),
        ("video/detect", "xilinx.com:ip:axi_gpio", &[]),
        ("video/spare", "xilinx.com:ip:axi_gpio", &[]),
        ("panel/leds", "xilinx.com:ip:axi_gpio", &[]),
    ]))
    .unwrap()
}

#[derive(Clone, Debug)]
struct Camera {
    names: [String; 3],
    detect: AxiGpio,
}

impl HierarchyDriver for Camera {
    const NAME: &'static str = "camera";
    const MEMBERS: &'static [Member] = &[
        Member::new("vdma", VDMA).named(&["vdma"]),
        Member::new("pack", PACK).joined("M_STREAM", "vdma", "S_AXIS_S2MM"),
        Member::new("detect", GPIO).named(&["detect"]),
        Member::new("clock", &["xilinx.com:ip:clk_wiz"]).optional(),
    ];

    fn open(context: &HierarchyContext<'_>) -> pynq::Result<Self> {
        assert_eq!((context.name("clock"), context.name("nothing")), (None, None));
        assert!(context.window("vdma")?.size() >= 0x1_0000);
        let names = ["vdma", "pack", "detect"].map(|role| context.name(role).unwrap().to_owned());
        Ok(Self { names, detect: context.block("detect")? })
    }
}

#[test]
fn members_are_found_by_joint_before_name() {
    let overlay = camera();
    let camera: Camera = overlay.hierarchy("video").unwrap();
    assert_eq!(camera.names, ["video/other", "video/in/pack", "video/detect"]);
    camera.detect.channel1().read().unwrap();
    let whole: Camera = overlay.hierarchy("").unwrap();
    assert_eq!(whole.names, camera.names, "the same driver, under another level");
    assert_eq!(overlay.hierarchies_of::<Camera>(), ["video"]);
}

#[test]
fn a_driver_is_made_once_and_holds_all_of_its_blocks() {
    static OPENED: AtomicU32 = AtomicU32::new(0);
    #[derive(Clone)]
    struct Counted;
    impl HierarchyDriver for Counted {
        const NAME: &'static str = "counted";
        const MEMBERS: &'static [Member] = Camera::MEMBERS;
        fn open(_: &HierarchyContext<'_>) -> pynq::Result<Self> {
            OPENED.fetch_add(1, Ordering::Relaxed);
            Ok(Self)
        }
    }
    let overlay = camera();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| overlay.hierarchy::<Counted>("video").map(drop).unwrap());
        }
    });
    assert_eq!(OPENED.load(Ordering::Relaxed), 1);
    for (path, error) in [
        ("video/detect", overlay.gpio("video/detect").unwrap_err()),
        ("video/detect", overlay.hierarchy::<Camera>("video").unwrap_err()),
    ] {
        let Error::Claimed { path: found, by } = &error else { panic!("{error}") };
        assert!(found == path && by.contains("Counted"), "{error}");
    }
    overlay.gpio("video/spare").unwrap();
    overlay.reload().unwrap();
    overlay.gpio("video/detect").unwrap();
}

#[test]
fn all_blocks_are_claimed_or_none() {
    // One is taken: the others stay free.
    let overlay = camera();
    overlay.gpio("video/detect").unwrap();
    let error = overlay.hierarchy::<Camera>("video").unwrap_err();
    assert!(matches!(&error, Error::Claimed { path, .. } if path == "video/detect"), "{error}");
    for free in ["video/other", "video/in/pack"] {
        overlay.driver::<u32, Error>(free, |_| Ok(1)).unwrap();
    }

    // The last step fails: none is held, and what a careless driver has kept of its parts reaches no block.
    static KEPT: Mutex<Option<AxiGpio>> = Mutex::new(None);
    #[derive(Clone, Debug)]
    struct Fails;
    impl HierarchyDriver for Fails {
        const NAME: &'static str = "failing";
        const MEMBERS: &'static [Member] = Camera::MEMBERS;
        fn open(context: &HierarchyContext<'_>) -> pynq::Result<Self> {
            *KEPT.lock().unwrap() = Some(context.block("detect")?);
            context.block::<AxiTimer>("vdma").map(|_| Self)
        }
    }
    let overlay = camera();
    let error = overlay.hierarchy::<Fails>("video").unwrap_err();
    assert!(error.to_string().starts_with("`video/other` is no AXI timer"), "{error}");
    let kept = KEPT.lock().unwrap().take().unwrap();
    assert!(kept.channel1().read().unwrap_err().is_invalidated());
    overlay.hierarchy::<Camera>("video").unwrap();
}

#[test]
fn a_driver_that_asks_for_others_while_it_is_made_stands_in_nobody_s_way() {
    let overlay = camera();
    let (made, go) = (Arc::new(std::sync::Barrier::new(2)), overlay.clone());
    thread::scope(|scope| {
        let barrier = Arc::clone(&made);
        // It has `video/other`, and asks for `video/detect` while the hierarchy asks for both.
        scope.spawn(move || {
            go.driver::<u32, Error>("video/other", |_| {
                barrier.wait();
                go.gpio("video/detect").map(|_| 1)
            })
            .unwrap()
        });
        made.wait();
        let error = overlay.hierarchy::<Camera>("video").unwrap_err();
        assert!(matches!(error, Error::Claimed { .. }), "{error}");
    });
}

fn message<H: HierarchyDriver>(overlay: &Overlay, path: &str) -> String {
    overlay.hierarchy::<H>(path).err().unwrap().to_string()
}

#[test]
fn errors_name_the_member() {
    let overlay = camera();
    assert_eq!(
        message::<Camera>(&overlay, "vidio"),
        "no hierarchy `vidio` in design `video`; it has: `panel`, `video`, `video/in`"
    );
    assert_eq!(
        message::<Camera>(&overlay, "panel"),
        "hierarchy `panel` is no camera: it lacks `vdma`, a block of kind xilinx.com:ip:axi_vdma; it has: `panel/leds`"
    );
    assert_eq!(
        message::<Camera>(&overlay, "video/in"),
        "hierarchy `video/in` is no camera: it lacks `vdma`, a block of kind xilinx.com:ip:axi_vdma; it has: `video/in/pack`"
    );

    let unjoined = Overlay::simulated_from_str(&design(&[
        ("a/pack", "xilinx.com:hls:pixel_pack", &[("M_STREAM", "x")]),
        ("a/fir", "xilinx.com:ip:axi_timer", &[("S_AXIS", "x"), ("M_AXIS", "y")]),
        ("a/vdma", "xilinx.com:ip:axi_vdma", &[("S_AXIS_S2MM", "y")]),
        ("a/detect", "xilinx.com:ip:axi_gpio", &[]),
    ]))
    .unwrap();
    assert_eq!(
        message::<Camera>(&unjoined, "a"),
        "hierarchy `a` is no camera: it lacks `pack`, a block of kind xilinx.com:hls:pixel_pack or \
         xilinx.com:hls:pixel_pack_2, whose M_STREAM leads to S_AXIS_S2MM of `vdma`; of the kind it has: `a/pack`",
        "a block with an address in between is no plain wire"
    );

    #[derive(Clone)]
    struct Lamps;
    impl HierarchyDriver for Lamps {
        const NAME: &'static str = "lamp";
        const MEMBERS: &'static [Member] = &[Member::new("leds", GPIO).named(&["leds", "lamps"])];
        fn open(_: &HierarchyContext<'_>) -> pynq::Result<Self> {
            Ok(Self)
        }
    }
    assert_eq!(
        message::<Lamps>(&overlay, "video"),
        "`leds` of the lamp in hierarchy `video` can be `video/detect`, `video/spare`; call the right one leds or lamps, or \
         open a level that has one of them"
    );
    overlay.hierarchy::<Lamps>("").unwrap();
}

/// Of PYNQ's video subsystem, what brings pictures in.
#[derive(Clone)]
struct VideoIn {
    names: Vec<String>,
}

impl HierarchyDriver for VideoIn {
    const NAME: &'static str = "HDMI input";
    const MEMBERS: &'static [Member] = &[
        Member::new("vdma", VDMA),
        Member::new("pack", PACK).joined("stream_out_32", "vdma", "S_AXIS_S2MM"),
        Member::new("colour", &["xilinx.com:hls:color_convert", "xilinx.com:hls:color_convert_2"]).joined(
            "stream_out_24",
            "pack",
            "stream_in_24",
        ),
    ];

    fn open(context: &HierarchyContext<'_>) -> pynq::Result<Self> {
        Ok(Self { names: ["vdma", "pack", "colour"].map(|role| context.name(role).unwrap().to_owned()).to_vec() })
    }
}

#[test]
fn pynq_s_video_pipeline_is_found_by_its_streams() {
    for file in real_files().iter().take(1) {
        let overlay = Overlay::simulated(file).unwrap();
        let video: VideoIn = overlay.hierarchy("video").unwrap();
        assert_eq!(video.names, ["video/axi_vdma", "video/hdmi_in/pixel_pack", "video/hdmi_in/color_convert"]);
        assert_eq!(overlay.hierarchies_of::<VideoIn>(), ["video"]);
    }
}
