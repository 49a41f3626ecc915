//! The wiring of two published base designs. Needs the files: see PYNQ_HWH_DIR below.

use pynq_hwh::{Access, Design, Family, LineKind, ModifiedWrite};

/// The design in file `name` of the folder PYNQ_HWH_DIR, or `None` where that is unset.
fn design(name: &str) -> Option<Design> {
    let Some(folder) = std::env::var_os("PYNQ_HWH_DIR") else {
        eprintln!("skipped: PYNQ_HWH_DIR does not name the folder of {name}");
        return None;
    };
    Some(Design::read(std::path::Path::new(&folder).join(name)).expect("a real file reads"))
}

#[test]
fn z2_sources_and_lines() {
    let Some(design) = design("z2-base.hwh") else { return };
    let sources = [
        "video/axi_vdma/s2mm_introut",
        "video/axi_vdma/mm2s_introut",
        "video/hdmi_out/frontend/vtc_out/irq",
        "video/hdmi_in/frontend/vtc_in/irq",
        "video/hdmi_in/frontend/axi_gpio_hdmiin/ip2intc_irpt",
        "video/hdmi_out/frontend/hdmi_out_hpd_video/ip2intc_irpt",
        "trace_analyzer_pmodb/axi_dma_0/s2mm_introut",
        "trace_analyzer_pi/axi_dma_0/s2mm_introut",
        "leds_gpio/ip2intc_irpt",
        "iop_pmoda/dff_en_reset_vector_0/q",
        "iop_pmodb/dff_en_reset_vector_0/q",
        "iop_arduino/dff_en_reset_vector_0/q",
        "iop_rpi/dff_en_reset_vector_0/q",
        "btns_gpio/ip2intc_irpt",
        "switches_gpio/ip2intc_irpt",
    ];
    for (line, pin) in sources.iter().enumerate() {
        let chain = design.interrupt(pin).expect(pin);
        assert_eq!(chain.ps_irq, Some(61), "{pin}");
        assert_eq!(chain.ps_line, 0, "{pin}");
        let hops: Vec<_> =
            chain.hops.iter().map(|hop| (hop.controller.as_str(), hop.line as usize, hop.kind)).collect();
        assert_eq!(hops, [("system_interrupts", line, LineKind::Edge)], "{pin}");
    }
    assert_eq!(design.interrupts.pins.len(), 15);
    // The private controllers of the four soft processors do not reach the processor.
    let controllers: Vec<_> = design.interrupts.controllers.iter().collect();
    let [(path, intc)] = controllers.as_slice() else { panic!("{controllers:?}") };
    assert_eq!(path.as_str(), "system_interrupts");
    assert_eq!((intc.base, intc.inputs, intc.kind_of_intr), (Some(0x4180_0000), 15, 0xFFFF_FFFF));
    assert_eq!((intc.parent.as_deref(), intc.line, intc.ps_irq), (None, 0, Some(61)));
    assert!(intc.has_ipr && intc.has_sie && intc.has_cie && intc.has_ivr && intc.irq_is_level && intc.irq_active_high);
    assert!(!intc.has_ilr && !intc.has_fast && intc.software_inputs == 0);
}

#[test]
fn zcu104_sources_and_lines() {
    let Some(design) = design("zcu104-base.hwh") else { return };
    let sources = [
        ("video/phy/vid_phy_controller/irq", LineKind::Level),
        ("video/hdmi_in/frontend/irq", LineKind::Level),
        ("video/hdmi_out/frontend/irq", LineKind::Level),
        ("video/axi_vdma/s2mm_introut", LineKind::Level),
        ("video/axi_vdma/mm2s_introut", LineKind::Level),
        ("iop_pmod0/dff_en_reset_vector_0/q", LineKind::Edge),
        ("iop_pmod1/dff_en_reset_vector_0/q", LineKind::Edge),
        ("gpio_sws/ip2intc_irpt", LineKind::Level),
        ("gpio_btns/ip2intc_irpt", LineKind::Level),
    ];
    for (line, (pin, kind)) in sources.iter().enumerate() {
        let found = design.interrupts.pins.get(*pin).expect(pin);
        assert_eq!((found.controller.as_deref(), found.line as usize), (Some("axi_intc_0"), line), "{pin}");
        assert_eq!((found.kind, found.width, found.ps_irq), (Some(*kind), 1, None), "{pin}");
    }
    assert_eq!(design.interrupts.pins.len(), sources.len());
    let intc = &design.interrupts.controllers["axi_intc_0"];
    assert_eq!((intc.base, intc.inputs, intc.ps_irq), (Some(0x8004_3000), 9, Some(121)));
    assert_eq!(intc.kind_of_intr, 0xFFFF_FE60);
    assert_eq!(design.interrupts.controllers.len(), 1);
    assert_eq!(design.processor.as_ref().map(|ps| ps.family), Some(Family::ZynqMp));
}

#[test]
fn z2_memory_map() {
    let Some(design) = design("z2-base.hwh") else { return };
    assert_eq!(design.source.part(), "7z020clg400");
    assert_eq!((design.source.vivado.as_str(), design.source.name.as_str()), ("2018.2", "base"));
    assert_eq!(design.ip.len(), 24);
    let buttons = design.ip_block("btns_gpio").unwrap();
    assert_eq!((buttons.base, buttons.size, buttons.memory), (0x4121_0000, 0x1_0000, false));
    assert_eq!(buttons.clock_hz, Some(100_000_000));
    assert_eq!(*buttons.interrupts, ["ip2intc_irpt".to_owned()]);
    let memories: Vec<_> = design.memories().map(|(name, block)| (name, block.base)).collect();
    let names = ["iop_arduino", "iop_pmoda", "iop_pmodb", "iop_rpi"].map(|iop| format!("{iop}/mb_bram_ctrl"));
    let bases = [0x4400_0000, 0x4000_0000, 0x4200_0000, 0x4600_0000];
    assert_eq!(memories, names.iter().map(String::as_str).zip(bases).collect::<Vec<_>>());
    assert_eq!(design.hierarchies["video/hdmi_in"].hierarchies, ["video/hdmi_in/frontend"]);
    assert_eq!(design.hierarchies["video"].ip, ["video/axi_vdma"]);
}

#[test]
fn z2_register_side_effects() {
    let Some(design) = design("z2-base.hwh") else { return };
    let buttons = design.ip_block("btns_gpio").unwrap();
    let status = buttons.register("IP_ISR").expect("AXI GPIO has a status register");
    assert_eq!((status.offset, status.bits, status.access), (0x120, 32, Access::ReadWrite));
    assert!(status.fields.iter().all(|field| field.modified_write == Some(ModifiedWrite::OneToToggle)));
    assert!(status.write_has_side_effect() && !status.read_has_side_effect());
    assert!(!buttons.register("GIER").unwrap().write_has_side_effect());
    let intc = design.ip_block("system_interrupts").unwrap();
    let offsets =
        ["ISR", "IPR", "IER", "IAR", "SIE", "CIE", "IVR", "MER"].map(|name| intc.register(name).unwrap().offset);
    assert_eq!(offsets, [0, 4, 8, 0xC, 0x10, 0x14, 0x18, 0x1C]);
    assert!(!intc.register("ILR").unwrap().enabled);
    assert!(design.ip.values().any(|block| block.registers.iter().any(|register| register.read_has_side_effect())));
}

#[test]
fn processor_gpio_and_clocks() {
    let Some(z2) = design("z2-base.hwh") else { return };
    assert_eq!(z2.processor_gpio.len(), 9);
    let reset = &z2.processor_gpio["mb_iop_pmoda_reset"];
    assert_eq!((reset.emio, reset.width), (0, 1));
    assert!(reset.pins.iter().any(|pin| pin == "iop_pmoda/rst_clk_wiz_1_100M/aux_reset_in"), "{reset:?}");
    let clocks: Vec<_> = z2.clocks.values().map(|clock| (clock.enabled, clock.divisors)).collect();
    assert_eq!(clocks, [(true, [5, 2]), (true, [7, 1]), (true, [5, 1]), (true, [5, 2])]);
    let Some(zcu) = design("zcu104-base.hwh") else { return };
    assert_eq!(zcu.processor_gpio.len(), 4);
    let clocks: Vec<_> = zcu.clocks.values().map(|clock| (clock.enabled, clock.divisors)).collect();
    assert_eq!(clocks, [(true, [15, 1]), (true, [5, 1]), (true, [10, 1]), (true, [6, 1])]);
}

#[test]
fn z2_level_sources_on_edge_lines_are_reported() {
    let Some(design) = design("z2-base.hwh") else { return };
    let count = design.warnings.iter().filter(|warning| warning.kind.name() == "level-source-on-edge-line").count();
    assert_eq!(count, 11, "all but the four flip-flops: {:#?}", design.warnings);
}

#[test]
fn z2_memories_streams_and_private_interrupts() {
    let Some(design) = design("z2-base.hwh") else { return };
    // Instructions and data of a soft processor, and the processor that loads its program.
    let memory = &design.storage["iop_pmoda/lmb/lmb_bram"];
    let ways: Vec<_> = memory.windows.iter().map(|way| (way.master.as_str(), way.base)).collect();
    assert_eq!(ways, [("iop_pmoda/mb", 0), ("iop_pmoda/mb", 0), ("ps7_0", 0x4000_0000)]);
    assert_eq!((design.storage.len(), design.soft_processors.len()), (4, 4));
    let chain = design.soft_processors["iop_pmoda/mb"].interrupts.chain("iop_pmoda/timer/interrupt").expect("a chain");
    assert_eq!((chain.hops[0].controller.as_str(), chain.hops[0].line), ("iop_pmoda/intc", 2));
    let stream = design.bus_at("video/axi_vdma", "M_AXIS_MM2S").expect("a stream");
    let to = stream.peers("video/axi_vdma", "M_AXIS_MM2S").next().expect("a receiver");
    assert_eq!((stream.protocol.as_str(), to.path.as_deref()), ("axis", Some("video/hdmi_out/pixel_unpack")));
    let (driver, _) = design.wire_to("iop_pmoda/mb/Reset").expect("a reset");
    assert_eq!(driver, "iop_pmoda/rst_clk_wiz_1_100M/mb_reset");
    let dma = &design.address_spaces["video/axi_vdma"];
    assert!(dma.blocks.is_empty() && dma.at(0x1000_0000).is_some_and(|range| range.path == "ps7_0"));
    assert_eq!(design.clocks[&1].mhz(), Some(142.857132));
}
