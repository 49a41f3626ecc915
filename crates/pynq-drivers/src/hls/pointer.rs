//! Pointers to memory that the function reads and writes as a bus master (`m_axi`), and calls that own it meanwhile.

use core::fmt;

use pynq_core::{
    BlockError, Error,
    dma::{Direction, DmaBuffer, DmaError, Lent, Packet},
    interrupt::{FromNode, NodeHandle, Wait, Waiting},
};

use super::{Accelerator, HlsError, HlsHardware, Output, Value, hardware::input, runs::Start};

/// Pointer arguments, and the memory that they point to: a buffer, a part of one, or an array of them, with a name for each.
#[derive(Debug)]
pub struct Pointers<'n, P> {
    names: &'n [&'n str],
    packet: P,
    direction: Direction,
}

impl<'n, P: Packet> Pointers<'n, P> {
    /// The function reads the memory.
    pub const fn read(names: &'n [&'n str], packet: P) -> Self {
        Self { names, packet, direction: Direction::ToDevice }
    }

    /// The function writes the memory. What the program wrote to it is gone, also where the function writes nothing.
    pub const fn written(names: &'n [&'n str], packet: P) -> Self {
        Self { names, packet, direction: Direction::FromDevice }
    }

    /// The function reads the memory and writes it.
    pub const fn both(names: &'n [&'n str], packet: P) -> Self {
        Self { names, packet, direction: Direction::Bidirectional }
    }
}

impl Pointers<'_, [DmaBuffer; 0]> {
    /// In place of those that the function does not have.
    pub const NONE: Self = Self::read(&[], []);
}

/// Why a call with pointers failed, with the memory.
#[derive(Debug)]
pub struct PointerError<A, B> {
    /// The memory, in the processor's hands again. `None` if the function may still access it: then it is leaked.
    pub memory: Option<(A, B)>,
    /// Why, with the name of the block.
    pub error: BlockError<HlsError>,
}

impl<A, B> PointerError<A, B> {
    /// What went wrong.
    pub const fn cause(&self) -> &HlsError {
        self.error.cause()
    }

    /// Whether the memory is leaked.
    #[must_use]
    pub const fn is_leaked(&self) -> bool {
        self.memory.is_none()
    }
}

impl<A, B> fmt::Display for PointerError<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)?;
        if self.is_leaked() {
            f.write_str(" (the memory of the call is leaked: the function may still access it)")?;
        }
        Ok(())
    }
}

impl<A: fmt::Debug, B: fmt::Debug> core::error::Error for PointerError<A, B> {}

impl<A, B> From<PointerError<A, B>> for BlockError<HlsError> {
    /// The memory is dropped.
    fn from(failed: PointerError<A, B>) -> Self {
        failed.error
    }
}

impl<A, B> FromNode for PointerError<A, B> {
    fn from_node(error: Error, node: &NodeHandle) -> Self {
        Self { memory: None, error: node.error(error) }
    }
}

impl Accelerator {
    /// As [`call_async`](Self::call_async), for a function that has pointers: it is given their addresses, and their memory is
    /// in its hands until the run has ended. Caches are synced once on the way there and once on the way back.
    ///
    /// ```
    /// # use pynq_core::{BlockError, dma::DmaBuffer};
    /// # use pynq_drivers::hls::{Accelerator, HlsError, PointerError, Pointers};
    /// # type Buffer = DmaBuffer<u32>;
    /// # async fn demo(square: Accelerator, x: Buffer, y: Buffer) -> Result<u32, PointerError<Buffer, Buffer>> {
    /// let inputs = [("count", 1024.into())];
    /// let (from, to) = (Pointers::read(&["x"], x), Pointers::written(&["y"], y));
    /// let (x, y, []) = square.call_with_async(&inputs, from, to, []).await?;
    /// # let _ = x;
    /// # Ok(y[0])
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`call_async`](Self::call_async), with the memory; [`HlsError::Pieces`] if there is not a name for each buffer,
    /// [`HlsError::PointerTooNarrow`] for an address that the argument has no bits for, [`HlsError::Memory`] if the system
    /// can't hand the memory over.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future before the function was started drops the memory. Afterwards the run goes on, and hardware still
    /// accesses the memory, so that is leaked; the same goes for a deadline that passes.
    pub fn call_with_async<'a, A: Packet + 'a, B: Packet + 'a, const N: usize>(
        &'a self,
        inputs: &'a [(&'a str, Value)],
        first: Pointers<'a, A>,
        second: Pointers<'a, B>,
        outputs: [&'a str; N],
    ) -> Waiting<impl Wait<Value = (A, B, [Output; N]), Error = PointerError<A, B>> + 'a> {
        self.node().operation(async move {
            let checked = self
                .check(inputs, &outputs)
                .and_then(|()| self.check_pointers(&first))
                .and_then(|()| self.check_pointers(&second));
            if let Err(error) = checked {
                return Err(PointerError { memory: Some((first.packet, second.packet)), error });
            }
            let names = (first.names, second.names);
            let mut held = Held::new(first, second).map_err(|(memory, error)| {
                let error = self.error(HlsError::Memory { error });
                PointerError { memory: Some(memory), error }
            })?;
            let pass = |hardware: &HlsHardware| held.pass(hardware, names);
            let ended = match self.start_run(Start::Alone, inputs, &outputs, pass).await {
                Err(error) => Err(error),
                Ok(mut ticket) => {
                    held.started = true;
                    let ended = self.end_of(&mut ticket, outputs).await;
                    match ended {
                        // The wait has failed, and the run may be under way.
                        Err(error) if ticket.is_held() => return Err(PointerError { memory: None, error }),
                        ended => ended,
                    }
                }
            };
            let (memory, synced) = held.take_back();
            let synced = synced.map_err(|error| self.error(HlsError::Memory { error }));
            match (ended.and_then(|outputs| synced.map(|()| outputs)), memory) {
                (Ok(outputs), Some((first, second))) => Ok((first, second, outputs)),
                (Ok(_), None) => Err(PointerError { memory: None, error: self.error(HlsError::AlreadyTaken) }),
                (Err(error), memory) => Err(PointerError { memory, error }),
            }
        })
    }

    /// Checks that each piece has a name and an address that its argument has bits for.
    fn check_pointers<P: Packet>(&self, pointers: &Pointers<'_, P>) -> super::Result<()> {
        let pieces = pointers.packet.piece_count();
        if pieces != pointers.names.len() {
            return Err(self.error(HlsError::Pieces { names: pointers.names.len(), pieces }));
        }
        for (index, name) in pointers.names.iter().enumerate() {
            let Some(piece) = pointers.packet.piece(index) else { continue };
            match input(self.core(), name, piece.address.into()) {
                Err(HlsError::DoesNotFit { argument, bits }) => {
                    return Err(self.error(HlsError::PointerTooNarrow { argument, bits, address: piece.address }));
                }
                checked => checked.map(drop).map_err(|error| self.error(error))?,
            }
        }
        Ok(())
    }

    /// The blocking form of [`call_with_async`](Self::call_with_async).
    ///
    /// # Blocking
    ///
    /// Sleeps the calling thread, without a runtime. Not to be called from a task of a runtime.
    ///
    /// # Errors
    ///
    /// As the async form.
    pub fn call_with<A: Packet, B: Packet, const N: usize>(
        &self,
        inputs: &[(&str, Value)],
        first: Pointers<'_, A>,
        second: Pointers<'_, B>,
        outputs: [&str; N],
    ) -> Result<(A, B, [Output; N]), PointerError<A, B>> {
        self.call_with_async(inputs, first, second, outputs).block()
    }
}

/// Memory in the function's hands.
struct Held<A: Packet, B: Packet> {
    /// Taken by `take_back`, and by a drop before the start.
    lent: Option<(Lent<A>, Lent<B>)>,
    /// A drop from then on leaks the memory. Until then it drops it as any value is dropped.
    started: bool,
}

/// Memory that could not be handed over, and why.
type Refusal<A, B> = ((A, B), DmaError);

impl<A: Packet, B: Packet> Held<A, B> {
    fn new(first: Pointers<'_, A>, second: Pointers<'_, B>) -> Result<Self, Refusal<A, B>> {
        let first = match Lent::new(first.packet, first.direction) {
            Ok(lent) => lent,
            Err(refused) => return Err(((refused.packet, second.packet), refused.error)),
        };
        match Lent::new(second.packet, second.direction) {
            Ok(second) => Ok(Self { lent: Some((first, second)), started: false }),
            Err(refused) => Err(((first.take_back(0).0, refused.packet), refused.error)),
        }
    }

    /// Writes the addresses, which have been checked.
    fn pass(&self, hardware: &HlsHardware, names: (&[&str], &[&str])) -> Result<(), HlsError> {
        let first = |index| self.lent.as_ref().and_then(|lent| lent.0.piece(index));
        let second = |index| self.lent.as_ref().and_then(|lent| lent.1.piece(index));
        let all = names.0.iter().enumerate().map(|(index, name)| (name, first(index)));
        let all = all.chain(names.1.iter().enumerate().map(|(index, name)| (name, second(index))));
        for (name, piece) in all {
            if let Some(piece) = piece {
                hardware.put(name, piece.address.into())?;
            }
        }
        Ok(())
    }
}

impl<A: Packet, B: Packet> Held<A, B> {
    /// Takes the memory back: the function has let go of it, or never had it.
    fn take_back(&mut self) -> (Option<(A, B)>, Result<(), DmaError>) {
        let Some((first, second)) = self.lent.take() else { return (None, Ok(())) };
        let (first, one) = first.take_back(usize::MAX);
        let (second, other) = second.take_back(usize::MAX);
        (Some((first, second)), one.and(other))
    }
}

impl<A: Packet, B: Packet> Drop for Held<A, B> {
    fn drop(&mut self) {
        if !self.started {
            drop(self.take_back());
        }
    }
}
