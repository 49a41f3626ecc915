//! Our service for interrupts, which PYNQ's protocol lacks.
//!
//! A claim is a stream in both directions. The client requests one event at a time: so it needs no buffer that could
//! overflow, a wait is one message each way, and the line is unmasked only while the client waits. A client that dies ends
//! the stream, and with it the claim.

use std::sync::Arc;

use pynq::Interrupt;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, async_trait};

use crate::{
    proto::interrupts::{
        Claim, ClaimRequest, ClaimResponse, Claimed, Event as InterruptEvent, PinsRequest, PinsResponse,
        claim_request::Request as Asked, claim_response::Response as Answer, interrupts_server::Interrupts,
    },
    state::{Event, State, next_piece, stopped},
};

pub(crate) struct InterruptService {
    state: Arc<State>,
}

impl InterruptService {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

type Answers = mpsc::Sender<Result<ClaimResponse, Status>>;

#[async_trait]
impl Interrupts for InterruptService {
    type claimStream = ReceiverStream<Result<ClaimResponse, Status>>;

    async fn pins(&self, _: Request<PinsRequest>) -> Result<Response<PinsResponse>, Status> {
        Ok(Response::new(PinsResponse { pins: self.state.board.interrupt_pins() }))
    }

    async fn claim(&self, request: Request<Streaming<ClaimRequest>>) -> Result<Response<Self::claimStream>, Status> {
        let mut requests = request.into_inner();
        let permit = Arc::clone(&self.state.claims)
            .try_acquire_owned()
            .map_err(|_| Status::resource_exhausted("too many claims of interrupt pins; release some"))?;
        let (answers, stream) = mpsc::channel(1);
        let state = Arc::clone(&self.state);
        // The stream begins before the first request is read: a client may send it only then.
        tokio::spawn(async move {
            let outcome = serve(&state, &mut requests, &answers, permit).await;
            if let Err(status) = outcome {
                let _ = answers.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

/// A claim from its first request to its end.
async fn serve(
    state: &State,
    requests: &mut Streaming<ClaimRequest>,
    answers: &Answers,
    _permit: OwnedSemaphorePermit,
) -> Result<(), Status> {
    let first = tokio::select! {
        first = next_piece(requests) => first?,
        () = answers.closed() => None,
    };
    let pin = match first.map(|first| first.request) {
        None => return Ok(()),
        Some(Some(Asked::Claim(Claim { pin }))) => pin,
        Some(_) => return Err(Status::failed_precondition("the first request on the stream is a claim")),
    };
    let interrupt = state.board.interrupt(&pin).map_err(|error| match error {
        pynq::Error::Design(_) => Status::not_found(error.to_string()),
        _ => Status::failed_precondition(error.to_string()),
    })?;
    state.report(&Event::Claimed { pin: pin.clone() });
    let outcome = wait_and_report(state, interrupt, requests, answers).await;
    state.report(&Event::Released { pin });
    outcome
}

async fn wait_and_report(
    state: &State,
    mut interrupt: Interrupt,
    requests: &mut Streaming<ClaimRequest>,
    answers: &Answers,
) -> Result<(), Status> {
    let mut stopping = state.stopping.clone();
    let send = async |answer| answers.send(Ok(ClaimResponse { response: Some(answer) })).await.is_ok();
    if !send(Answer::Claimed(Claimed {})).await {
        return Ok(());
    }
    let ended = |error: pynq::Error| Status::aborted(error.to_string());
    let mut waiting = None;
    loop {
        tokio::select! {
            // A client's cancel comes before the event that it cancels.
            biased;
            () = answers.closed() => return Ok(()),
            () = stopped(&mut stopping) => return Err(Status::unavailable("the server stops")),
            request = requests.message() => match request?.map(|request| request.request) {
                None => return Ok(()),
                Some(Some(Asked::Wait(wait))) => waiting = Some(wait.id),
                Some(Some(Asked::Cancel(_))) => waiting = None,
                Some(Some(Asked::Clear(_))) => interrupt.clear().map_err(ended)?,
                Some(Some(Asked::Claim(_))) => {
                    return Err(Status::failed_precondition("the stream has a pin already; open another one"));
                }
                Some(None) => return Err(Status::unimplemented("a request that this server does not know")),
            },
            fired = interrupt.wait_async(), if waiting.is_some() => {
                let fired = fired.map_err(ended)?;
                let id = waiting.take().unwrap_or_default();
                let event = InterruptEvent { id, count: fired.count, missed: fired.missed, time: state.board.now() };
                if !send(Answer::Event(event)).await {
                    return Ok(());
                }
            }
        }
    }
}
