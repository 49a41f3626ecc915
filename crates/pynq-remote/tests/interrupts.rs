//! Interrupts over the service: events, waits that are taken back, clients that die, and designs that go away.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{CONTROL, Fixture};
use pynq_remote::{
    Event, ServerOptions,
    proto::interrupts::{
        Cancel, Claim, ClaimRequest, ClaimResponse, Clear, PinsRequest, Wait, claim_request::Request as Ask,
        claim_response::Response as Answer,
    },
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

const PIN: &str = "btns_gpio/ip2intc_irpt";
const PATIENCE: Duration = Duration::from_secs(20);
/// As long as nothing has to happen.
const QUIET: Duration = Duration::from_millis(200);

/// A stream that may claim a pin.
struct Line {
    requests: mpsc::Sender<ClaimRequest>,
    responses: Streaming<ClaimResponse>,
}

impl Line {
    async fn open(fixture: &Fixture) -> Self {
        let (requests, stream) = mpsc::channel(16);
        let responses = fixture.interrupts().await.claim(ReceiverStream::new(stream)).await.unwrap().into_inner();
        Self { requests, responses }
    }

    async fn claim(fixture: &Fixture, pin: &str) -> Self {
        let mut line = Self::open(fixture).await;
        line.ask(Ask::Claim(Claim { pin: pin.into() })).await;
        assert!(matches!(line.answer().await.unwrap(), Some(Answer::Claimed(_))));
        line
    }

    async fn ask(&self, request: Ask) {
        self.requests.send(ClaimRequest { request: Some(request) }).await.unwrap();
    }

    async fn wait(&self, id: u64) {
        self.ask(Ask::Wait(Wait { id })).await;
    }

    async fn answer(&mut self) -> Result<Option<Answer>, Status> {
        let message = timeout(PATIENCE, self.responses.message()).await.expect("no answer");
        Ok(message?.and_then(|message| message.response))
    }

    /// The id of the next event.
    async fn event(&mut self) -> u64 {
        match self.answer().await.unwrap() {
            Some(Answer::Event(event)) => event.id,
            other => panic!("{other:?} instead of an event"),
        }
    }

    async fn is_quiet(&mut self) -> bool {
        timeout(QUIET, self.responses.message()).await.is_err()
    }

    async fn end(&mut self) -> Status {
        loop {
            if let Err(status) = self.answer().await {
                return status;
            }
        }
    }
}

/// A board whose buttons may interrupt.
async fn board() -> Fixture {
    let fixture = Fixture::start(ServerOptions::default()).await;
    enable(&fixture).await;
    fixture
}

async fn enable(fixture: &Fixture) {
    fixture.write(CONTROL + 0x11C, 1 << 31).await;
    fixture.write(CONTROL + 0x128, 1).await;
}

/// Clears the interrupt at the device, which toggles what is written.
async fn acknowledge(fixture: &Fixture) {
    let status = fixture.read(CONTROL + 0x120).await;
    fixture.write(CONTROL + 0x120, status).await;
}

const NOW: Duration = Duration::ZERO;

#[tokio::test(flavor = "multi_thread")]
async fn each_wait_gets_one_event() {
    let fixture = board().await;
    let pins = fixture.interrupts().await.pins(PinsRequest {}).await.unwrap().into_inner().pins;
    assert!(pins.contains(&PIN.to_owned()), "{pins:?}");
    let mut line = Line::claim(&fixture, PIN).await;
    for round in 0..20 {
        line.wait(round).await;
        assert!(round % 10 != 0 || line.is_quiet().await, "an event without a cause");
        fixture.press(0, round % 2 == 0, NOW).await;
        assert_eq!(line.event().await, round);
        acknowledge(&fixture).await;
    }
    // No client waits, so no event is sent.
    fixture.press(1, true, NOW).await;
    assert!(line.is_quiet().await);
    // What happened meanwhile was not forgotten.
    line.wait(100).await;
    assert_eq!(line.event().await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_press_comes_at_its_time() {
    let fixture = board().await;
    let mut line = Line::claim(&fixture, PIN).await;
    let begin = std::time::Instant::now();
    fixture.press(0, true, Duration::from_millis(300)).await;
    line.wait(1).await;
    line.event().await;
    let after = begin.elapsed();
    assert!((Duration::from_millis(250)..Duration::from_secs(5)).contains(&after), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_taken_back_gets_nothing_and_the_next_one_does() {
    let fixture = board().await;
    let mut line = Line::claim(&fixture, PIN).await;
    line.wait(1).await;
    line.ask(Ask::Cancel(Cancel {})).await;
    // The order of a stream is kept: the cancel takes effect before any later request.
    assert!(line.is_quiet().await);
    fixture.press(0, true, NOW).await;
    assert!(line.is_quiet().await);
    line.wait(2).await;
    line.wait(3).await;
    assert_eq!(line.event().await, 3);
    acknowledge(&fixture).await;
    line.wait(4).await;
    assert!(line.is_quiet().await, "one interrupt was told of twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn clearing_forgets_what_came_before() {
    let fixture = board().await;
    let mut watcher = Line::claim(&fixture, PIN).await;
    let mut line = Line::claim(&fixture, PIN).await;
    watcher.wait(1).await;
    fixture.press(0, true, NOW).await;
    watcher.event().await;
    acknowledge(&fixture).await;
    line.ask(Ask::Clear(Clear {})).await;
    line.wait(1).await;
    assert!(line.is_quiet().await);
    fixture.press(0, false, NOW).await;
    assert_eq!(line.event().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_clients_get_every_event() {
    let fixture = board().await;
    let mut lines = Vec::new();
    for _ in 0..20 {
        lines.push(Line::claim(&fixture.another_client().await, PIN).await);
    }
    for round in 0..5 {
        for line in &lines {
            line.wait(round).await;
        }
        // All of them have asked when the last one was answered anything: an event needs no more than one that did.
        fixture.press(0, round % 2 == 0, Duration::from_millis(100)).await;
        for line in &mut lines {
            assert_eq!(line.event().await, round);
        }
        acknowledge(&fixture).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_dies_while_it_waits_leaves_nothing_behind() {
    let fixture = board().await;
    for _ in 0..50 {
        let client = fixture.another_client().await;
        let line = Line::claim(&client, PIN).await;
        line.wait(1).await;
        drop((line, client));
        let released = fixture.event(|event| matches!(event, Event::Released { .. })).await;
        assert_eq!(released, Event::Released { pin: PIN.into() });
    }
    let mut line = Line::claim(&fixture, PIN).await;
    line.wait(1).await;
    fixture.press(0, true, NOW).await;
    line.event().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programming_ends_claims_and_the_pin_can_be_claimed_again() {
    let fixture = board().await;
    let (mut waits, mut rests) = (Line::claim(&fixture, PIN).await, Line::claim(&fixture, PIN).await);
    waits.wait(1).await;
    assert!(waits.is_quiet().await);
    fixture.program("base", 1).await.unwrap();
    assert_eq!(waits.end().await.code(), Code::Aborted);
    rests.wait(1).await;
    assert_eq!(rests.end().await.code(), Code::Aborted);
    enable(&fixture).await;
    let mut line = Line::claim(&fixture, PIN).await;
    line.wait(1).await;
    fixture.press(2, true, NOW).await;
    line.event().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_so_to_those_who_wait() {
    let mut fixture = board().await;
    let mut line = Line::claim(&fixture, PIN).await;
    line.wait(1).await;
    fixture.stop();
    assert_eq!(line.end().await.code(), Code::Unavailable);
    drop(line);
    let served = fixture.served.take().unwrap();
    timeout(PATIENCE, served).await.expect("the server did not stop").unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_out_of_order_and_unknown_pins_are_errors() {
    let fixture = board().await;
    for pin in ["nothing/irq", "btns_gpio/ip2intc_irp", "", "btns_gpio", "\0"] {
        let mut line = Line::open(&fixture).await;
        line.ask(Ask::Claim(Claim { pin: pin.into() })).await;
        assert_eq!(line.end().await.code(), Code::NotFound, "{pin:?}");
    }
    let mut line = Line::open(&fixture).await;
    line.wait(1).await;
    assert_eq!(line.end().await.code(), Code::FailedPrecondition);
    let mut line = Line::claim(&fixture, PIN).await;
    line.ask(Ask::Claim(Claim { pin: PIN.into() })).await;
    assert_eq!(line.end().await.code(), Code::FailedPrecondition);
    let mut line = Line::claim(&fixture, PIN).await;
    line.requests.send(ClaimRequest { request: None }).await.unwrap();
    assert_eq!(line.end().await.code(), Code::Unimplemented);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_without_reading_fills_no_memory() {
    let fixture = board().await;
    let mut line = Line::claim(&fixture, PIN).await;
    // The server takes requests at the pace at which answers are taken, and keeps one wait.
    let mut sent = 0_u64;
    while timeout(Duration::from_millis(500), line.wait(sent)).await.is_ok() && sent < 100_000 {
        sent += 1;
    }
    fixture.press(0, true, NOW).await;
    let first = line.event().await;
    assert!(first < sent || sent == 100_000, "{first} of {sent}");
    assert_eq!(fixture.read(CONTROL).await & 1, 1);
}
