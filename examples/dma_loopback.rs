//! PYNQ's DMA tutorial, awaited: what is sent into the logic comes back, byte for byte.
//!
//! Two blocks, each with a FIFO from its sending channel to its receiving one. The first is in direct mode, with one transfer at
//! a time; the second has scatter-gather, and a packet in several buffers and several packets queued. A buffer is a slice, and
//! is gone while the hardware has it.

use std::{path::Path, process::ExitCode, time::Duration};

use pynq::{BoardClock, DmaChannel, prelude::*};
use pynq_examples::{Options, Result, exit, handoff, join::Task};

/// Samples of a buffer.
const SAMPLES: usize = 1024;
/// Packets through each block.
const PACKETS: u16 = 50;

fn overlay(options: &Options) -> Result<Overlay> {
    Ok(match (&options.board, &options.hwh) {
        (Some(path), _) => on_board(path)?,
        (None, Some(path)) => Overlay::simulated(path)?,
        (None, None) => Overlay::simulated_from_str(handoff::LOOPBACK)?,
    })
}

#[cfg(target_os = "linux")]
fn on_board(path: &Path) -> pynq::Result<Overlay> {
    Overlay::open(path)
}

#[cfg(not(target_os = "linux"))]
fn on_board(path: &Path) -> pynq::Result<Overlay> {
    Overlay::simulated(path)
}

/// A ramp that differs from packet to packet.
fn sample(packet: u16, index: usize) -> u16 {
    packet.wrapping_mul(257).wrapping_add(index as u16)
}

fn check(packet: u16, samples: &[u16]) -> pynq::Result<()> {
    let wrong = samples.iter().enumerate().filter(|(index, found)| **found != sample(packet, *index)).count();
    assert_eq!(wrong, 0, "samples of packet {packet} that differ");
    Ok(())
}

/// Sends packets of growing length.
async fn producer(send: DmaChannel, mut samples: DmaBuffer<u16>) -> pynq::Result<()> {
    for packet in 0..PACKETS {
        let length = length(packet);
        samples.iter_mut().enumerate().for_each(|(index, value)| *value = sample(packet, index));
        samples = send.transfer_async(samples.part(0..length)?).await?.packet.into_buffer();
    }
    Ok(())
}

fn length(packet: u16) -> usize {
    1 + usize::from(packet) * 20
}

/// Receives them, and looks at every sample.
async fn consumer(name: String, receive: DmaChannel, mut room: DmaBuffer<u16>, clock: BoardClock) -> pynq::Result<()> {
    let mut bytes = 0;
    for packet in 0..PACKETS {
        let received = receive.transfer_async(room).await?;
        assert_eq!(received.length, 2 * length(packet), "bytes of packet {packet}");
        check(packet, &received.packet[..length(packet)])?;
        bytes += received.length;
        room = received.packet;
    }
    println!("{:>10}  {name}: {PACKETS} packets, {bytes} bytes, all of them right", clock.now().to_string());
    Ok(())
}

/// Packets in four buffers each, eight of them queued before the first one is asked for.
fn gathered(overlay: &Overlay, send: &DmaChannel, receive: &DmaChannel) -> pynq::Result<()> {
    let buffers = || (0..4).map(|_| overlay.allocate::<u16>(64)).collect::<pynq::Result<Vec<_>>>();
    let mut receiving = Vec::new();
    let mut sending = Vec::new();
    for packet in 0..8 {
        receiving.push(receive.start(overlay.allocate::<u16>(256)?)?);
        let mut pieces = buffers()?;
        for (index, value) in pieces.iter_mut().flat_map(|piece| &mut piece[..]).enumerate() {
            *value = sample(packet, index);
        }
        sending.push(send.start(pieces)?);
    }
    for (transfer, packet) in receiving.into_iter().zip(0..) {
        check(packet, &transfer.block()?.packet)?;
    }
    for transfer in sending {
        assert_eq!(transfer.block()?.length, 512);
    }
    Ok(())
}

fn run(options: &Options) -> Result {
    let overlay = overlay(options)?;
    let clock = overlay.clock();
    let mut tasks: Vec<Task<pynq::Result<()>>> = Vec::new();
    for path in ["axi_dma_0", "axi_dma_1"] {
        let dma = overlay.dma(path)?;
        let mode = if dma.config().scatter_gather { "scatter-gather" } else { "direct mode" };
        let (send, receive) = (dma.send()?, dma.receive()?);
        let (samples, room) = (overlay.allocate(SAMPLES)?, overlay.allocate(SAMPLES)?);
        let name = format!("{path} ({mode})");
        // A packet that is sent before there is room for it waits in the FIFO.
        tasks.push(Box::pin(consumer(name, receive, room, clock.clone())));
        tasks.push(Box::pin(producer(send, samples)));
    }
    options.runtime.run_all(&overlay, tasks)?;

    // Without a runtime, and with scatter-gather.
    let dma = overlay.dma("axi_dma_1")?;
    let (send, receive) = (dma.send()?, dma.receive()?);
    gathered(&overlay, &send, &receive)?;
    println!("{:>10}  axi_dma_1: 8 packets in 4 buffers each, queued", clock.now().to_string());

    // Nothing is sent: the deadline ends it, and the buffer is back.
    let late = receive.transfer_async(overlay.allocate::<u16>(SAMPLES)?).block_until(Duration::from_millis(1));
    let late = late.err().ok_or("something came back that was not sent")?;
    println!(
        "{:>10}  {late}; the buffer is {}",
        clock.now().to_string(),
        match &late.packet {
            Some(buffer) => format!("back, all {} samples of it", buffer.len()),
            None => "lost".to_owned(),
        }
    );
    let statistics = overlay.statistics();
    println!("interrupts={} spurious={}", statistics.interrupts, statistics.spurious);
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
