//! Our service for the outside of the simulated board: a client presses a button, and sees an LED light up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use pynq::sim::Stimulus;
use tonic::{Request, Response, Status, async_trait};

use crate::{
    limits,
    proto::simulation::{
        Character, Line, OutputRequest, OutputResponse, Pin, Pulse, StimulateRequest, StimulateResponse, TimeRequest,
        TimeResponse, simulation_server::Simulation, stimulate_request::Stimulus as Asked,
    },
    state::State,
};

pub(crate) struct SimulationService {
    state: Arc<State>,
}

impl SimulationService {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state }
    }
}

/// A channel, where 0 stands for the first one.
fn channel(number: u32) -> u8 {
    u8::try_from(number.max(1)).unwrap_or(u8::MAX)
}

fn stimulus(requested: Asked) -> Result<Stimulus, Status> {
    Ok(match requested {
        Asked::Pin(Pin { block, channel: number, bit, level }) => {
            Stimulus::pin(&block, channel(number), u8::try_from(bit).unwrap_or(u8::MAX), level)
        }
        Asked::Line(Line { name, level }) => Stimulus::line(&name, level),
        Asked::Pulse(Pulse { name }) => Stimulus::pulse(&name),
        Asked::Character(Character { block, data }) => {
            let data = u8::try_from(data).map_err(|_| Status::invalid_argument("a character is 0 to 255"))?;
            Stimulus::character(&block, data)
        }
    })
}

#[async_trait]
impl Simulation for SimulationService {
    async fn stimulate(&self, request: Request<StimulateRequest>) -> Result<Response<StimulateResponse>, Status> {
        let StimulateRequest { delay, stimulus: requested } = request.into_inner();
        let requested = requested.ok_or_else(|| Status::invalid_argument("no stimulus that this server knows"))?;
        let delay = Duration::from_nanos(delay);
        if delay > limits::AHEAD {
            let most = limits::AHEAD.as_secs();
            return Err(Status::invalid_argument(format!("a stimulus may be at most {most} s ahead")));
        }
        let slot = Slot::take(&self.state.scheduled)?;
        self.state.board.stimulate(delay, stimulus(requested)?, slot).map_err(Status::not_found)?;
        Ok(Response::new(StimulateResponse {}))
    }

    async fn output(&self, request: Request<OutputRequest>) -> Result<Response<OutputResponse>, Status> {
        let OutputRequest { block, channel: number } = request.into_inner();
        let bits = self.state.board.output(&block, channel(number)).map_err(Status::not_found)?;
        Ok(Response::new(OutputResponse { bits }))
    }

    async fn time(&self, _: Request<TimeRequest>) -> Result<Response<TimeResponse>, Status> {
        Ok(Response::new(TimeResponse { time: self.state.board.now() }))
    }
}

/// One of the stimuli that may be on the timeline at once; given back when it is dropped.
struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn take(scheduled: &Arc<AtomicUsize>) -> Result<Self, Status> {
        let slot = Self(Arc::clone(scheduled));
        if scheduled.fetch_add(1, Ordering::Relaxed) >= limits::SCHEDULED {
            return Err(Status::resource_exhausted("too many stimuli are still to come; wait for some"));
        }
        Ok(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
