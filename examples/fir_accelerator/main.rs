//! Samples through a filter in the logic: an accelerator between the two channels of an AXI DMA, in blocks, of which two are
//! under way at a time. What comes back is compared with the same filter on the processor, and both are drawn.

#![allow(unreachable_pub)] // in a crate of its own it would be its API

mod filter;
mod picture;

use std::{
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex},
};

use filter::{Filter, models, signal, taps};
use pynq::{
    Accelerator, AxiDma, BoardClock, Waiting,
    core::dma::DmaBuffer,
    drivers::{axi_dma::Transfer, hls::Run},
    prelude::*,
};
use pynq_examples::{Options, Result, exit, options::on_board};

/// The design: the filter between the two channels of a DMA that works by scatter-gather.
const HANDOFF: &str = include_str!("fir.hwh");

/// Samples of a block, and blocks.
const BLOCK: usize = 1024;
const BLOCKS: usize = 32;

/// A block on its way: the two transfers, and the run of the filter between them.
struct OnTheWay {
    sent: Waiting<Transfer<DmaBuffer<i16>>>,
    received: Waiting<Transfer<DmaBuffer<i16>>>,
    run: Run,
}

impl OnTheWay {
    /// Waits for its end. Returns both buffers, the filtered one second.
    async fn ended(mut self) -> pynq::Result<(DmaBuffer<i16>, DmaBuffer<i16>)> {
        let sent = self.sent.await?;
        let received = self.received.await?;
        self.run.done_async([]).await?;
        Ok((sent.packet, received.packet))
    }
}

/// Filters `input` in blocks.
async fn filtered(overlay: Overlay, fir: Accelerator, dma: AxiDma, input: Arc<[i16]>) -> pynq::Result<Vec<i16>> {
    let (send, receive) = (dma.send()?, dma.receive()?);
    let mut output = Vec::with_capacity(input.len());
    let mut free = Vec::new();
    for _ in 0..2 {
        free.push((overlay.allocate::<i16>(BLOCK)?, overlay.allocate::<i16>(BLOCK)?));
    }
    let mut before: Option<OnTheWay> = None;
    for block in input.chunks_exact(BLOCK) {
        // There are two pairs: one is on its way, and this is the other.
        let (mut samples, results) = free.pop().expect("the block before the last one has ended");
        samples.copy_from_slice(block);
        // The receiver first, then the data. They wait at the filter until it has time for them.
        let received = receive.start(results)?;
        let sent = send.start(samples)?;
        let run = fir.begin_async(&[]).await?;
        let after = OnTheWay { sent, received, run };
        if let Some(before) = before.replace(after) {
            let pair = before.ended().await?;
            output.extend_from_slice(&pair.1);
            free.push(pair);
        }
    }
    if let Some(last) = before {
        output.extend_from_slice(&last.ended().await?.1);
    }
    Ok(output)
}

/// The coefficients, two to a word as the array in the accelerator's addresses has them.
fn set_taps(fir: &Accelerator) -> pynq::Result<()> {
    let words: Vec<u32> =
        taps().chunks_exact(2).map(|pair| u32::from(pair[0] as u16) | u32::from(pair[1] as u16) << 16).collect();
    Ok(fir.write_memory("taps", 0, &words)?)
}

fn say(clock: &BoardClock, text: &str) {
    println!("{:>12}  {text}", clock.now().to_string());
}

fn run(options: &Options) -> Result {
    let overlay = match &options.board {
        Some(path) => on_board(path)?,
        None => Overlay::simulated_from_str_with(HANDOFF, models())?,
    };
    let (fir, dma, clock) = (overlay.accelerator("fir")?, overlay.dma("axi_dma")?, overlay.clock());
    set_taps(&fir)?;
    let input: Arc<[i16]> = signal(BLOCK * BLOCKS).into();
    say(&clock, &format!("{BLOCKS} blocks of {BLOCK} samples"));

    let output = Arc::new(Mutex::new(Vec::new()));
    let began = clock.now();
    let task = {
        let (overlay, input, output) = (overlay.clone(), Arc::clone(&input), Arc::clone(&output));
        async move {
            let samples = filtered(overlay, fir, dma, input).await?;
            *output.lock().expect("nothing panics with it") = samples;
            Ok(())
        }
    };
    options.runtime.run_all(&overlay, vec![Box::pin(task)])?;
    let took = clock.now() - began;

    let output = std::mem::take(&mut *output.lock().expect("nothing panics with it"));
    let mut on_the_processor = Filter::new(taps());
    let expected: Vec<i16> = input.iter().map(|sample| on_the_processor.step(*sample)).collect();
    let wrong = expected.iter().zip(&output).filter(|(expected, found)| expected != found).count();
    if wrong > 0 || output.len() != input.len() {
        return Err(format!("{} of {} samples came back, {wrong} of them wrong", output.len(), input.len()).into());
    }
    let rate = output.len() as f64 / took.as_secs_f64() / 1e6;
    say(&clock, &format!("{} samples, all as on the processor: {rate:.1} million in a second", output.len()));

    let path = options.picture.as_deref().unwrap_or(Path::new("fir_accelerator.svg"));
    picture::write(path, &input, &output)?;
    say(&clock, &format!("`{}` shows both", path.display()));
    let statistics = overlay.statistics();
    println!("interrupts={} spurious={}", statistics.interrupts, statistics.spurious);
    Ok(())
}

fn main() -> ExitCode {
    exit(Options::from_env().and_then(|options| options.help_or(run)))
}
