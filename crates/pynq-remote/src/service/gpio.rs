//! PYNQ's service for the processor's GPIO, from 4.0 on.
//!
//! The simulated board has the processor's lines, which keep what is written to them; they are wired to nothing, neither to
//! the logic nor to pins. Numbers and names are those of Linux on a board.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use pynq::hwh::Family;
use tonic::{Request, Response, Status, async_trait};

use crate::{
    board::lock,
    proto::gpio::{
        GetGpioBasePathRequest, GetGpioBasePathResponse, GetGpioNPinsRequest, GetGpioNPinsResponse, GetGpioRequest,
        GetGpioResponse, GpioIsExportedRequest, GpioIsExportedResponse, GpioReadRequest, GpioReadResponse,
        GpioUnexportRequest, GpioUnexportResponse, GpioWriteRequest, GpioWriteResponse, gpio_server::Gpio,
    },
    state::State,
};

/// A family's GPIO: its label in the device tree, the number of its first line, and how many there are.
struct Chip {
    label: &'static str,
    base: i32,
    lines: i32,
}

const ZYNQ: Chip = Chip { label: "zynq_gpio", base: 906, lines: 54 + 64 };
const ULTRASCALE: Chip = Chip { label: "zynqmp_gpio", base: 338, lines: 78 + 96 };

/// A GPIO line that a client requested.
#[derive(Clone, Copy)]
struct Line {
    output: bool,
    value: bool,
}

pub(crate) struct GpioService {
    state: Arc<State>,
    lines: Mutex<BTreeMap<i32, Line>>,
}

impl GpioService {
    pub(crate) fn new(state: Arc<State>) -> Self {
        Self { state, lines: Mutex::default() }
    }

    /// The GPIO with this label; the only one if none is given.
    fn chip(&self, label: Option<&str>) -> Option<&'static Chip> {
        let chip = match self.state.board.family() {
            Some(Family::ZynqMp) => &ULTRASCALE,
            _ => &ZYNQ,
        };
        label.is_none_or(|label| label.is_empty() || label == chip.label).then_some(chip)
    }

    /// Does something with a GPIO line that a client requested.
    fn with<R>(&self, id: &str, f: impl FnOnce(&mut Line) -> R) -> Result<R, Status> {
        let number = id.strip_prefix("gpio").and_then(|number| number.parse().ok());
        let mut lines = lock(&self.lines);
        let line = number.and_then(|number: i32| lines.get_mut(&number));
        Ok(f(line.ok_or_else(|| Status::not_found("this GPIO is not in use; ask for it with get_gpio"))?))
    }
}

#[async_trait]
impl Gpio for GpioService {
    async fn get_gpio(&self, request: Request<GetGpioRequest>) -> Result<Response<GetGpioResponse>, Status> {
        let GetGpioRequest { index, direction } = request.into_inner();
        let (base, lines) = self.chip(None).map_or((0, 0), |chip| (chip.base, chip.lines));
        if !(base..base + lines).contains(&index) {
            let range = format!("{base} to {}", base + lines - 1);
            return Err(Status::invalid_argument(format!("the processor has no GPIO {index}; use {range}")));
        }
        let output = match direction.as_str() {
            "in" => false,
            "out" => true,
            _ => return Err(Status::invalid_argument("a GPIO's direction is \"in\" or \"out\"")),
        };
        let mut lines = lock(&self.lines);
        let line = lines.entry(index).or_insert(Line { output, value: false });
        line.output = output;
        Ok(Response::new(GetGpioResponse { message: None, gpio_id: Some(format!("gpio{index}")) }))
    }

    async fn read(&self, request: Request<GpioReadRequest>) -> Result<Response<GpioReadResponse>, Status> {
        // Nothing drives an input, and what was written before it was one is not on the wire.
        let value = self.with(&request.into_inner().gpio_id, |line| line.output && line.value)?;
        Ok(Response::new(GpioReadResponse { message: None, value: Some(i32::from(value)) }))
    }

    async fn write(&self, request: Request<GpioWriteRequest>) -> Result<Response<GpioWriteResponse>, Status> {
        let GpioWriteRequest { gpio_id, value } = request.into_inner();
        let value = match value {
            0 | 1 => value == 1,
            _ => return Err(Status::invalid_argument("a GPIO is 0 or 1")),
        };
        let written = self.with(&gpio_id, |line| {
            line.value = value;
            line.output
        })?;
        if !written {
            return Err(Status::failed_precondition("this GPIO is an input; ask for it as \"out\""));
        }
        Ok(Response::new(GpioWriteResponse {}))
    }

    async fn unexport(&self, request: Request<GpioUnexportRequest>) -> Result<Response<GpioUnexportResponse>, Status> {
        let id = request.into_inner().gpio_id;
        self.with(&id, |_| ())?;
        if let Some(number) = id.strip_prefix("gpio").and_then(|number| number.parse::<i32>().ok()) {
            lock(&self.lines).remove(&number);
        }
        Ok(Response::new(GpioUnexportResponse {}))
    }

    async fn is_exported(
        &self,
        request: Request<GpioIsExportedRequest>,
    ) -> Result<Response<GpioIsExportedResponse>, Status> {
        let exported = self.with(&request.into_inner().gpio_id, |_| ()).is_ok();
        Ok(Response::new(GpioIsExportedResponse { is_exported: Some(exported) }))
    }

    async fn get_gpio_base_path(
        &self,
        request: Request<GetGpioBasePathRequest>,
    ) -> Result<Response<GetGpioBasePathResponse>, Status> {
        let chip = self.chip(request.into_inner().target_label.as_deref());
        // PYNQ takes an empty path for "no such GPIO".
        let path = chip.map_or_else(String::new, |chip| format!("/sys/class/gpio/gpiochip{}", chip.base));
        Ok(Response::new(GetGpioBasePathResponse { base_path: Some(path) }))
    }

    async fn get_gpio_npins(
        &self,
        request: Request<GetGpioNPinsRequest>,
    ) -> Result<Response<GetGpioNPinsResponse>, Status> {
        let chip = self.chip(request.into_inner().target_label.as_deref());
        Ok(Response::new(GetGpioNPinsResponse { npins: Some(chip.map_or(0, |chip| chip.lines)) }))
    }
}
