//! Calls. The program's side is played by the test, which has a reading of the protocol of its own, and answers in pieces of any
//! size.

use core::{cell::Cell, time::Duration};

use pynq::{
    BoardClock, Clock, Overlay,
    drivers::{
        microblaze::{MicroblazeError, PynqMicroblaze},
        microblaze_rpc,
    },
};

use crate::{
    assembler::Assembler,
    support::{Random, load, overlay},
};

microblaze_rpc! {
    /// What the test's program has.
    struct Functions {
        /// `a * b - c`, of three sizes.
        fn compute, compute_async(a: i32, b: i16, c: u8) -> i32 = 3;
        /// Reverses an array, and returns its sum.
        fn reverse, reverse_async(values: &mut [u16], factor: f32) -> f32 = 7;
        /// Only listens.
        fn listen, listen_async(text: &[u8]) = 1;
        /// Never returns.
        fn hang, hang_async() = 9;
    }
}

const REQUESTS: u32 = 0xF800;
const REPLIES: u32 = 0xFC00;
const SIZE: u32 = 0x3F8;

/// The program's side of the rings.
struct Far {
    iop: PynqMicroblaze,
    clock: BoardClock,
    random: Random,
}

impl Far {
    fn word(&self, address: u32) -> u32 {
        let mut word = [0];
        self.iop.read(address, &mut word).expect("its memory");
        word[0]
    }

    async fn pause(&mut self) {
        let nanos = u64::from(self.random.below(3_000));
        self.clock.sleep(Duration::from_nanos(nanos)).await;
    }

    async fn byte(&mut self) -> u8 {
        loop {
            let read = self.word(REQUESTS + 4);
            if self.word(REQUESTS) != read {
                let address = REQUESTS + 8 + read;
                let byte = self.word(address & !3).to_le_bytes()[(address & 3) as usize];
                self.iop.write(REQUESTS + 4, &[(read + 1) % SIZE]).expect("its memory");
                return byte;
            }
            self.pause().await;
        }
    }

    async fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte().await;
        }
        bytes
    }

    /// Gives bytes in pieces, each of which is there at once.
    async fn give(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, more) = rest.split_at((1 + self.random.below(9) as usize).min(rest.len()));
            for byte in piece {
                let written = self.word(REPLIES);
                while (written + 1) % SIZE == self.word(REPLIES + 4) {
                    self.pause().await;
                }
                let address = REPLIES + 8 + written;
                let mut word = self.word(address & !3).to_le_bytes();
                word[(address & 3) as usize] = *byte;
                self.iop.write(address & !3, &[u32::from_le_bytes(word)]).expect("its memory");
                self.iop.write(REPLIES, &[(written + 1) % SIZE]).expect("its memory");
            }
            rest = more;
            self.pause().await;
        }
    }

    async fn print(&mut self, format: &str, values: &[&[u8]]) {
        let length = u16::try_from(format.len()).expect("it is short").to_le_bytes();
        let text = [&[2], &length[..], format.as_bytes(), &values.concat()].concat();
        self.give(&text).await;
    }

    /// Carries out calls for ever.
    async fn serve(&mut self) {
        loop {
            match i32::from_le_bytes(self.bytes().await) {
                3 => {
                    let a = i32::from_le_bytes(self.bytes().await);
                    let b = i16::from_le_bytes(self.bytes().await);
                    let [c] = self.bytes().await;
                    if self.random.below(2) == 0 {
                        let string = [&3_u16.to_le_bytes()[..], b"abc"].concat();
                        let values: [&[u8]; 4] = [&a.to_le_bytes(), &[c], &string, &1.5_f32.to_le_bytes()];
                        self.print("%d %c %s 100%% %.2f\n", &values).await;
                    }
                    let result = a.wrapping_mul(b.into()).wrapping_sub(c.into());
                    self.give(&[&[0], &result.to_le_bytes()[..]].concat()).await;
                }
                7 => {
                    let count = u16::from_le_bytes(self.bytes().await);
                    let mut values = Vec::new();
                    for _ in 0..count {
                        values.push(u16::from_le_bytes(self.bytes().await));
                    }
                    let factor = f32::from_le_bytes(self.bytes().await);
                    let sum = values.iter().map(|value| f32::from(*value)).sum::<f32>() * factor;
                    let back = values.iter().rev().flat_map(|value| value.to_le_bytes());
                    let mut reply = vec![0];
                    reply.extend(count.to_le_bytes());
                    reply.extend(back);
                    reply.extend(sum.to_le_bytes());
                    self.give(&reply).await;
                }
                1 => {
                    let count = u16::from_le_bytes(self.bytes().await);
                    for _ in 0..count {
                        self.byte().await;
                    }
                    self.give(&[0]).await;
                }
                // Nobody waits for it.
                2 => {
                    let _: [u8; 4] = self.bytes().await;
                    self.give(&[1]).await;
                }
                9 => core::future::pending().await,
                other => panic!("function {other}"),
            }
        }
    }
}

fn far(overlay: &Overlay, seed: u64) -> Far {
    let iop = overlay.microblaze("iop_pmoda").expect("it is there");
    let mut waits = Assembler::new();
    waits.label("end").jump("end");
    load(&iop, &waits);
    Far { iop, clock: overlay.clock(), random: Random(seed) }
}

#[test]
fn calls_return_what_the_function_returned_whatever_the_pieces() {
    let overlay = overlay();
    let mut far = far(&overlay, 0xBEEF);
    let printed = std::sync::Mutex::new(Vec::new());
    let rpc = far.iop.rpc(|text: &str| printed.lock().expect("no panic").push(text.to_owned())).expect("it is free");
    let mut functions = Functions(rpc);
    let mut random = Random(4711);
    let calls = async {
        for round in 0..150 {
            match random.below(4) {
                0 => {
                    let mut values: Vec<u16> = (0..random.below(400)).map(|_| random.next() as u16).collect();
                    let (before, factor) = (values.clone(), random.below(100) as f32);
                    let sum = functions.reverse_async(&mut values, factor).await.expect("a reply");
                    assert!(values.iter().eq(before.iter().rev()), "round {round}");
                    assert_eq!(sum, before.iter().map(|value| f32::from(*value)).sum::<f32>() * factor);
                }
                1 => functions.listen_async(&vec![7; random.below(1_000) as usize]).await.expect("a reply"),
                2 => functions.0.post_async(2, &mut [&mut 5_u32]).await.expect("it is sent"),
                _ => {
                    let (a, b, c) = (random.next() as i32, random.next() as i16, random.next() as u8);
                    let result = functions.compute_async(a, b, c).await.expect("a reply");
                    assert_eq!(result, a.wrapping_mul(b.into()).wrapping_sub(c.into()), "round {round}");
                }
            }
        }
    };
    overlay.block_on(smol::future::or(calls, far.serve())).expect("no error");
    let printed = printed.into_inner().expect("no panic");
    assert!(printed.len() > 3, "{printed:?}");
    assert!(printed.iter().all(|text| text.ends_with(" abc 100% 1.50\n")), "{printed:?}");
}

/// Calls are dropped at any moment: the next one gets its own reply.
#[test]
fn a_call_that_is_dropped_takes_no_reply_from_the_next() {
    let overlay = overlay();
    let mut far = far(&overlay, 0xF00D);
    let mut functions = Functions(far.iop.rpc(|_: &str| ()).expect("it is free"));
    let (mut random, dropped) = (Random(99), Cell::new(0));
    let clock = overlay.clock();
    let calls = async {
        for round in 0..100 {
            let mut values = [1, 2, 3];
            let nanos = u64::from(random.below(25_000));
            let call = async { Some(functions.reverse_async(&mut values, 1.0).await) };
            let limit = async {
                clock.sleep(Duration::from_nanos(nanos)).await;
                None
            };
            if smol::future::or(call, limit).await.is_none() {
                dropped.set(dropped.get() + 1);
                assert!(matches!(functions.0.owes(), None | Some(7)), "it is told which");
            }
            let (a, c) = (random.next() as i32, random.next() as u8);
            let result = functions.compute_async(a, 2, c).await.expect("a reply");
            assert_eq!(result, a.wrapping_mul(2).wrapping_sub(c.into()), "round {round}");
        }
    };
    overlay.block_on(smol::future::or(calls, far.serve())).expect("no error");
    assert!((5..=100).contains(&dropped.get()), "{} were dropped", dropped.get());
}

#[test]
fn what_would_hang_is_an_error() {
    let overlay = overlay();
    let mut far = far(&overlay, 1);
    let mut functions = Functions(far.iop.rpc(|_: &str| ()).expect("it is free"));
    let error = functions.listen(&[0; 1_016]).expect_err("too long");
    assert_eq!(*error.cause(), MicroblazeError::ItemTooLong { bytes: 1_016, room: 1_015 });
    functions.0.set_time(Duration::from_millis(20));
    let calls = async {
        functions.listen_async(&[0; 1_015]).await.expect("as long as it can be");
        let error = functions.hang_async().await.expect_err("it hangs");
        assert!(matches!(error.cause(), MicroblazeError::Unanswered { command: 9, .. }) && error.is_timed_out());
        assert_eq!(functions.0.owes(), Some(9));
        let error = functions.compute_async(1, 2, 3).await.expect_err("the one before is still under way");
        assert!(matches!(error.cause(), MicroblazeError::Unanswered { command: 9, .. }), "{error}");
    };
    overlay.block_on(smol::future::or(calls, far.serve())).expect("no error");
}

#[test]
fn what_is_no_reply_is_an_error() {
    let overlay = overlay();
    let mut far = far(&overlay, 1);
    let mut functions = Functions(far.iop.rpc(|_: &str| ()).expect("it is free"));
    overlay
        .block_on(async {
            far.give(&[5]).await;
            let error = functions.compute_async(1, 2, 3).await.expect_err("no such status");
            assert_eq!(*error.cause(), MicroblazeError::Protocol { found: 5 });
        })
        .expect("no error");
}
