//! The server: which request goes to which service, and which clients may make it.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use pynq::hwh::{Design, Family};
use subtle::ConstantTimeEq;
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};
use tonic::{
    Status,
    body::Body,
    codegen::{Service, http},
    server::NamedService,
};

use crate::{
    Error, ServerOptions, Warning,
    board::SimulatedBoard,
    files::Files,
    incoming::Incoming,
    limits,
    proto::{
        buffer::remote_buffer_server::RemoteBufferServer, gpio::gpio_server::GpioServer,
        interrupts::interrupts_server::InterruptsServer, mmio::mmio_server::MmioServer,
        remote_device::remote_device_server::RemoteDeviceServer, simulation::simulation_server::SimulationServer,
    },
    service::{BufferService, DeviceService, GpioService, InterruptService, MmioService, SimulationService},
    state::{Event, State, stopped},
};

/// How long clients have to end what they are at when the server stops.
const FAREWELL: Duration = Duration::from_secs(2);
/// Files that are sent to the server at once. Others wait their turn.
const UPLOADS: usize = 4;

/// A board, and the address at which clients find it. No client is answered before [`run`](Self::run).
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: Arc<State>,
    stop: watch::Sender<bool>,
    options: ServerOptions,
    builder: tonic::transport::Server,
}

impl Server {
    /// Makes a board of the first design, and listens. A client programs the others by name: `base` is what it calls
    /// `base.bit`.
    ///
    /// To be called in a tokio runtime with its drivers for I/O and time.
    ///
    /// # Errors
    ///
    /// [`Error::NoDesign`], [`Error::DuplicateDesign`], [`Error::Board`] if a design can't be simulated; [`Error::Token`],
    /// [`Error::Tls`] or [`Error::Script`] if an option is of no use; [`Error::Listen`].
    pub fn simulated<N: Into<String>>(
        designs: impl IntoIterator<Item = (N, Design)>,
        mut options: ServerOptions,
    ) -> Result<Self, Error> {
        options.check()?;
        let builder = transport(&options)?;
        let designs: Vec<(String, Design)> = designs.into_iter().map(|(name, design)| (name.into(), design)).collect();
        for (index, (name, _)) in designs.iter().enumerate() {
            if designs.iter().take(index).any(|(other, _)| other == name) {
                return Err(Error::DuplicateDesign { name: name.clone() });
            }
        }
        let board = SimulatedBoard::new(designs)?;
        let machine = if board.family() == Some(Family::Zynq7000) { "armv7l" } else { "aarch64" };
        let name = options.board_name.clone().unwrap_or_else(|| board.name());
        let (stop, stopping) = watch::channel(false);
        let address = options.listen;
        let (listener, address) = listen(address).map_err(|error| Error::Listen { address, error })?;
        let state = Arc::new(State {
            files: Mutex::new(Files::new(&name, machine)),
            board,
            uploads: Semaphore::new(UPLOADS),
            claims: Arc::new(Semaphore::new(limits::CLAIMS)),
            scheduled: Arc::default(),
            stopping,
            observer: options.observer.take(),
        });
        let weak = Arc::downgrade(&state);
        let played = state.board.play(&options.script, move |step, checked| {
            if let Some(state) = weak.upgrade() {
                let refused = checked.err().map(|error| error.to_string());
                state.report(&Event::Step { line: step.line, action: step.action.to_string(), refused });
            }
        });
        played.map_err(Error::Script)?;
        Ok(Self { listener, address, state, stop, options, builder })
    }

    /// Where clients find the board.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What makes the server less safe than it could be.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.options.warnings()
    }

    /// Serves clients and moves the board's clock, until `shutdown` completes. Clients that wait get an error then.
    ///
    /// # Errors
    ///
    /// [`Error::Transport`] if no connections can be had any more.
    ///
    /// # Cancellation safety
    ///
    /// Dropping it stops the board's clock and accepts no more clients. Those that are connected may still be answered until
    /// the runtime ends.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
        let Self { listener, state, stop, options, builder, .. } = self;
        let incoming = Incoming::new(listener, options.connections, Arc::clone(&state));
        let services = Services::new(&state, options.token.map(Arc::from));
        let (clock, mut stopping) = (state.board.run(), stop.subscribe());
        let stopped = async move { stopped(&mut stopping).await };
        let serving = builder.serve_with_incoming_shutdown(services, incoming, stopped);
        let farewell = async {
            shutdown.await;
            stop.send_replace(true);
            tokio::time::sleep(FAREWELL).await;
        };
        tokio::select! {
            never = clock => match never {},
            served = serving => served.map_err(|error| Error::Transport(chain(&error))),
            () = farewell => Ok(()),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What the options say of connections. Certificate and key are looked at here.
#[cfg_attr(not(feature = "tls"), allow(unused_variables, clippy::unnecessary_wraps))]
fn transport(options: &ServerOptions) -> Result<tonic::transport::Server, Error> {
    let builder = tonic::transport::Server::builder()
        .max_concurrent_streams(limits::STREAMS)
        .http2_max_header_list_size(limits::HEADERS)
        .http2_keepalive_interval(Some(limits::KEEP_ALIVE))
        .http2_keepalive_timeout(Some(limits::KEEP_ALIVE_ANSWER));
    #[cfg(feature = "tls")]
    let builder = match &options.identity {
        Some((certificate, key)) => {
            let identity = tonic::transport::Identity::from_pem(certificate, key);
            let config = tonic::transport::ServerTlsConfig::new().identity(identity).timeout(limits::HANDSHAKE);
            builder.tls_config(config).map_err(|error| Error::Tls(chain(&error)))?
        }
        None => builder,
    };
    Ok(builder)
}

fn listen(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((TcpListener::from_std(listener)?, address))
}

/// An error with all its causes; the outermost says nothing that helps.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// All services, selected by the name that a path begins with.
#[derive(Clone)]
struct Services {
    device: RemoteDeviceServer<DeviceService>,
    mmio: MmioServer<MmioService>,
    buffer: RemoteBufferServer<BufferService>,
    gpio: GpioServer<GpioService>,
    interrupts: InterruptsServer<InterruptService>,
    simulation: SimulationServer<SimulationService>,
    token: Option<Arc<str>>,
    state: Arc<State>,
}

impl Services {
    fn new(state: &Arc<State>, token: Option<Arc<str>>) -> Self {
        macro_rules! server {
            ($server:ident($service:ident)) => {
                $server::new($service::new(Arc::clone(state))).max_decoding_message_size(limits::MESSAGE)
            };
        }
        Self {
            device: server!(RemoteDeviceServer(DeviceService)),
            mmio: server!(MmioServer(MmioService)),
            buffer: server!(RemoteBufferServer(BufferService)),
            gpio: server!(GpioServer(GpioService)),
            interrupts: server!(InterruptsServer(InterruptService)),
            simulation: server!(SimulationServer(SimulationService)),
            token,
            state: Arc::clone(state),
        }
    }

    fn may(&self, request: &http::Request<Body>) -> bool {
        let Some(token) = &self.token else { return true };
        let header = request.headers().get(http::header::AUTHORIZATION);
        let sent = header.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        sent.is_some_and(|sent| sent.ct_eq(token.as_bytes()).into())
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

impl Service<http::Request<Body>> for Services {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Answer {
        if !self.may(&request) {
            self.state.report(&Event::Unauthenticated);
            return refuse(Status::unauthenticated("this board asks for a token: authorization: Bearer TOKEN"));
        }
        let path = request.uri().path();
        let service = path.strip_prefix('/').and_then(|path| path.split_once('/')).map(|(service, _)| service);
        match service {
            Some(RemoteDeviceServer::<DeviceService>::NAME) => self.device.call(request),
            Some(MmioServer::<MmioService>::NAME) => self.mmio.call(request),
            Some(RemoteBufferServer::<BufferService>::NAME) => self.buffer.call(request),
            Some(GpioServer::<GpioService>::NAME) => self.gpio.call(request),
            Some(InterruptsServer::<InterruptService>::NAME) => self.interrupts.call(request),
            Some(SimulationServer::<SimulationService>::NAME) => self.simulation.call(request),
            // Those for the converters and clocks of an RFSoC are among them.
            _ => refuse(Status::unimplemented("the simulated board does not have this service")),
        }
    }
}

fn refuse(status: Status) -> Answer {
    Box::pin(std::future::ready(Ok(status.into_http())))
}
