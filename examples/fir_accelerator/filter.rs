//! The filter, as the accelerator has it in C++ and as the processor checks it, and the signal that goes through.
//!
//! ```cpp
//! void fir(hls::stream<sample>& input, hls::stream<sample>& output, const int16_t taps[64]) {
//! #pragma HLS INTERFACE s_axilite port=return
//! #pragma HLS INTERFACE s_axilite port=taps
//! #pragma HLS INTERFACE axis port=input
//! #pragma HLS INTERFACE axis port=output
//!     static int16_t delay[64];
//!     sample s;
//!     do {
//! #pragma HLS PIPELINE II=1
//!         s = input.read();
//!         s.data = filter(delay, taps, s.data);
//!         output.write(s);
//!     } while (!s.last);
//! }
//! ```

use std::f64::consts::TAU;

use pynq::sim::Models;

/// Samples per second.
pub const RATE: f64 = 48_000.0;

/// Coefficients of the filter.
pub const TAPS: usize = 64;

/// Clocks between a sample's way in and its way out.
const LATENCY: u64 = 40;

/// A low-pass filter of 4 kHz: the ideal one, cut off by a Hamming window. A one is 2^15.
pub fn taps() -> [i16; TAPS] {
    let cutoff = 4_000.0 / RATE;
    std::array::from_fn(|index| {
        let place = index as f64 - (TAPS - 1) as f64 / 2.0;
        let ideal = (TAU * cutoff * place).sin() / (TAU / 2.0 * place);
        let window = 0.54 - 0.46 * (TAU * index as f64 / (TAPS - 1) as f64).cos();
        (ideal * window * 32_768.0).round() as i16
    })
}

/// Two tones, one of which the filter lets through, and noise.
pub fn signal(samples: usize) -> Vec<i16> {
    let mut noise = 0x2545_F491_u32;
    let tone = |hertz: f64, at: usize| (TAU * hertz * at as f64 / RATE).sin();
    (0..samples)
        .map(|at| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = f64::from(noise >> 16) / 32_768.0 - 1.0;
            (9_000.0 * tone(1_500.0, at) + 7_000.0 * tone(11_000.0, at) + 2_500.0 * hiss) as i16
        })
        .collect()
}

/// A filter with its memory of the samples before.
pub struct Filter {
    taps: [i16; TAPS],
    delay: [i16; TAPS],
}

impl Filter {
    pub fn new(taps: [i16; TAPS]) -> Self {
        Self { taps, delay: [0; TAPS] }
    }

    /// One sample in, one out: rounded down, and limited to 16 bits.
    pub fn step(&mut self, sample: i16) -> i16 {
        self.delay.rotate_right(1);
        self.delay[0] = sample;
        let products = self.taps.iter().zip(&self.delay).map(|(tap, sample)| i64::from(*tap) * i64::from(*sample));
        (products.sum::<i64>() >> 15).clamp(i16::MIN.into(), i16::MAX.into()) as i16
    }
}

/// What stands in for the accelerator on the simulated board: one packet for each run, a sample for each clock.
pub fn models() -> Models {
    let mut filter = Filter::new([0; TAPS]);
    Models::new().accelerator("fir", move |args, _memory, streams| {
        // First what may not be there yet: without it the run begins anew later.
        let packet = streams.read_packet("input_r")?;
        for (pair, word) in filter.taps.chunks_mut(2).zip(args.array("taps").iter()) {
            (pair[0], pair[1]) = (*word as i16, (*word >> 16) as i16);
        }
        let samples = packet.chunks_exact(2).map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]]));
        let filtered: Vec<u8> = samples.flat_map(|sample| filter.step(sample).to_le_bytes()).collect();
        let clocks = filtered.len() as u64 / 2 + LATENCY;
        streams.write("output_r", filtered, true);
        Ok(clocks)
    })
}
