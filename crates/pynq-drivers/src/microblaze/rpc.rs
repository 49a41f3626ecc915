//! Calls of functions in a program that is built with PYNQ's bridge: by number, with arguments packed as C has them.

mod describe;
mod print;
mod value;

use core::{fmt, time::Duration};

use pynq_core::{
    BlockError, Instant,
    interrupt::{NodeHandle, Wait, Waiting},
};

use super::{MicroblazeError, MicroblazeHardware, Result, StreamReader, StreamWriter, mailbox::Looks, streams::Ring};

use print::Printer;
pub use value::{Argument, Request, ReturnValue};
use value::{MOST_ARGUMENTS, Part};

/// What a call may take without a sign of life, unless its caller says otherwise.
const TIME: Duration = Duration::from_secs(10);

/// Bytes that are read at once.
const CHUNK: usize = 64;

/// Where in a reply the next byte belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// What follows.
    Status,
    /// A print request.
    Print,
    /// The count in front of an array: how many of its two bytes were read, and the first one.
    Count(u8, u8),
    /// The data of a part, from this byte on.
    Data(u16),
}

/// Calls of a program's functions. There is one at a time; replies come in the order of the calls.
///
/// A call that is given up, by a deadline or because its future is dropped, is finished first by the next one: what is left of
/// its request is sent, and its reply is read and thrown away. So no reply is taken for that of another call.
/// [`owes`](Self::owes) says if there is such a call. Where a function never returns, the processor has to be reset.
///
/// `P` is given what the program prints.
pub struct Rpc<P = fn(&str)> {
    requests: StreamWriter,
    replies: StreamReader,
    request: Request,
    sent: usize,
    /// The call that is under way, if there is one, and the parts of its reply.
    function: Option<i32>,
    parts: [Part; MOST_ARGUMENTS + 1],
    part: usize,
    at: At,
    printer: Printer,
    print: P,
    time: Duration,
}

/// What takes the data of a reply: the part's number, the byte's, and the byte.
type Sink<'a> = &'a mut (dyn FnMut(usize, u16, u8) + Send);

impl<P: FnMut(&str) + Send> Rpc<P> {
    pub(super) fn open(node: &NodeHandle<MicroblazeHardware>, print: P) -> Result<Self> {
        Ok(Self {
            requests: StreamWriter::open(node, Ring::Requests)?,
            replies: StreamReader::open(node, Ring::Replies, None)?,
            request: Request::new(),
            sent: 0,
            function: None,
            parts: [Part::NONE; MOST_ARGUMENTS + 1],
            part: 0,
            at: At::Status,
            printer: Printer::new(),
            print,
            time: TIME,
        })
    }

    /// How long a call may take in which nothing is sent and nothing comes; ten seconds at first.
    pub const fn set_time(&mut self, time: Duration) {
        self.time = time;
    }

    /// The function of a call that was given up and is not over, which the next call finishes first.
    #[must_use]
    pub const fn owes(&self) -> Option<i32> {
        self.function
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> &NodeHandle<MicroblazeHardware> {
        self.replies.node()
    }

    /// Calls function `function` and waits until it returns: the arguments in the order of the C function, arrays that it
    /// changes filled with what it left in them, and its result. [`microblaze_rpc!`](crate::microblaze_rpc) makes functions of a
    /// description.
    ///
    /// # Errors
    ///
    /// [`MicroblazeError::ItemTooLong`] and [`MicroblazeError::TooMany`] with nothing sent;
    /// [`MicroblazeError::Unanswered`] after the [time](Self::set_time) without a sign of life;
    /// [`MicroblazeError::Protocol`] if what comes is no reply: reset the processor.
    ///
    /// # Cancellation safety
    ///
    /// Dropping the future before the first poll does nothing. Later, the function is called all the same, and the next call
    /// finishes this one first.
    pub fn call_async<'a>(
        &'a mut self,
        function: i32,
        arguments: &'a mut [&'a mut dyn Argument],
        result: &'a mut dyn ReturnValue,
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + 'a> {
        let node = self.node().clone();
        node.operation(async move { self.exchange(function, arguments, result).await })
    }

    /// Calls a function that does not make its caller wait: one whose C type is `NON_BLOCKING_FUNCTION`. Returns when
    /// the call is sent.
    ///
    /// # Errors
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Cancellation safety
    ///
    /// As [`call_async`](Self::call_async).
    pub fn post_async<'a>(
        &'a mut self,
        function: i32,
        arguments: &'a mut [&'a mut dyn Argument],
    ) -> Waiting<impl Wait<Value = (), Error = BlockError<MicroblazeError>> + 'a> {
        let node = self.node().clone();
        node.operation(async move {
            self.begin(function, arguments, &()).await?;
            self.function = None;
            self.finish(&mut |_, _, _| (), function).await
        })
    }

    /// The body of [`call_async`](Self::call_async), for a function that has more to do.
    ///
    /// # Errors
    ///
    /// As [`call_async`](Self::call_async).
    ///
    /// # Cancellation safety
    ///
    /// As [`call_async`](Self::call_async).
    #[doc(hidden)]
    pub async fn exchange(
        &mut self,
        function: i32,
        arguments: &mut [&mut dyn Argument],
        result: &mut dyn ReturnValue,
    ) -> Result<()> {
        self.begin(function, arguments, result).await?;
        // The parts of a reply are those arguments that have one, then the result.
        let mut order = [usize::MAX; MOST_ARGUMENTS + 1];
        let with_part = arguments.iter().enumerate().filter(|(_, argument)| argument.part().is_some());
        order.iter_mut().zip(with_part).for_each(|(place, (index, _))| *place = index);
        let mut sink = |part: usize, offset: u16, byte: u8| match arguments.get_mut(order[part]) {
            Some(argument) => argument.receive(offset, byte),
            None => result.receive(offset, byte),
        };
        self.finish(&mut sink, function).await
    }

    /// Finishes a call that was given up, and packs the request of this one.
    async fn begin(
        &mut self,
        function: i32,
        arguments: &mut [&mut dyn Argument],
        result: &dyn ReturnValue,
    ) -> Result<()> {
        if arguments.len() > MOST_ARGUMENTS {
            let (words, room) = (arguments.len(), MOST_ARGUMENTS);
            return Err(self.node().error(MicroblazeError::TooMany { words, room }));
        }
        if self.function.is_some() || self.sent < self.request.bytes().len() {
            self.finish(&mut |_, _, _| (), self.function.unwrap_or(function)).await?;
        }
        let mut request = Request::new();
        request.put(&function.to_le_bytes());
        arguments.iter().for_each(|argument| argument.send(&mut request));
        request.check().map_err(|error| self.node().error(error))?;
        let mut parts = arguments.iter().filter_map(|argument| argument.part()).chain(result.part());
        self.parts = core::array::from_fn(|_| parts.next().unwrap_or(Part::NONE));
        (self.part, self.sent, self.request) = (0, 0, request);
        // From here on the call is one that has to be finished.
        self.function = Some(function);
        Ok(())
    }

    /// Sends what is left of a request and reads what there is of its reply, until both are over.
    async fn finish(&mut self, sink: Sink<'_>, function: i32) -> Result<()> {
        let mut looks = Looks::new();
        let mut give_up = self.later()?;
        loop {
            let mut moved = false;
            if self.sent < self.request.bytes().len() {
                let count = self.requests.try_write(&self.request.bytes()[self.sent..])?;
                self.sent += count;
                moved |= count > 0;
            }
            moved |= self.read_on(sink)?;
            if self.function.is_none() && self.sent == self.request.bytes().len() {
                return Ok(());
            }
            if moved {
                (looks, give_up) = (Looks::new(), self.later()?);
            } else if self.now()? >= give_up {
                // A function's number, bit by bit.
                let command = u32::from_le_bytes(function.to_le_bytes());
                return Err(self.node().error(MicroblazeError::Unanswered { command, found: command }));
            } else {
                looks.next(self.replies.node()).await?;
            }
        }
    }

    /// Reads what has come. Returns whether that was something.
    fn read_on(&mut self, sink: Sink<'_>) -> Result<bool> {
        let mut moved = false;
        // Behind the end of a reply there can be prints and ends of functions that nobody waits for.
        loop {
            let mut chunk = [0; CHUNK];
            let wanted = self.wanted().min(CHUNK);
            let count = self.replies.try_read(&mut chunk[..wanted])?;
            if count == 0 {
                break;
            }
            moved = true;
            for byte in &chunk[..count] {
                self.step(*byte, sink)?;
            }
        }
        Ok(moved)
    }

    /// How many bytes are sure to belong to this reply.
    fn wanted(&self) -> usize {
        match self.at {
            At::Data(offset) => usize::from(self.parts[self.part].bytes - offset),
            _ => 1,
        }
    }

    fn step(&mut self, byte: u8, sink: Sink<'_>) -> Result<()> {
        match self.at {
            At::Status => match byte {
                0 if self.function.is_some() => self.next_part(),
                // A function that nobody waits for has returned.
                1 => {}
                2 => {
                    self.printer.begin();
                    self.at = At::Print;
                }
                _ => return Err(self.node().error(MicroblazeError::Protocol { found: byte.into() })),
            },
            At::Print => {
                if self.printer.take(byte) {
                    (self.print)(self.printer.text());
                    self.at = At::Status;
                }
            }
            At::Count(0, _) => self.at = At::Count(1, byte),
            At::Count(_, low) => {
                let found = u16::from_le_bytes([low, byte]);
                if found != self.parts[self.part].count {
                    return Err(self.node().error(MicroblazeError::Protocol { found: found.into() }));
                }
                self.at = At::Data(0);
                self.skip_empty();
            }
            At::Data(offset) => {
                sink(self.part, offset, byte);
                self.at = At::Data(offset + 1);
                self.skip_empty();
            }
        }
        Ok(())
    }

    /// On to the next part once all bytes of this one are there.
    fn skip_empty(&mut self) {
        if self.at == At::Data(self.parts[self.part].bytes) {
            self.part += 1;
            self.next_part();
        }
    }

    fn next_part(&mut self) {
        let part = self.parts.get(self.part).copied().unwrap_or(Part::NONE);
        self.at = if part.is_array {
            At::Count(0, 0)
        } else if part.bytes > 0 {
            At::Data(0)
        } else {
            self.function = None;
            At::Status
        };
    }

    fn now(&self) -> Result<Instant> {
        self.node().now().map_err(|error| self.node().error(error))
    }

    fn later(&self) -> Result<Instant> {
        Ok(self.now()? + self.time)
    }
}

impl<P> fmt::Debug for Rpc<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rpc").field("owes", &self.function).finish_non_exhaustive()
    }
}
