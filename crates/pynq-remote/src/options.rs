//! How a board is served.

use std::{fmt, net::SocketAddr};

use pynq::sim::script::Script;

use crate::{
    Error,
    state::{Event, Observer},
};

/// PYNQ's port. Its client knows no other.
const PORT: u16 = 7967;

/// How a board is served.
///
/// By default on the loopback interface at PYNQ's port, to 64 clients at most, with neither token nor TLS.
pub struct ServerOptions {
    pub(crate) listen: SocketAddr,
    pub(crate) token: Option<String>,
    #[cfg(feature = "tls")]
    pub(crate) identity: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) board_name: Option<String>,
    pub(crate) connections: usize,
    pub(crate) script: Script,
    pub(crate) observer: Option<Observer>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], PORT)),
            token: None,
            #[cfg(feature = "tls")]
            identity: None,
            board_name: None,
            connections: 64,
            script: Script::default(),
            observer: None,
        }
    }
}

impl ServerOptions {
    /// Listens on this address. Port 0 is one that is free.
    #[must_use]
    pub fn listen(mut self, address: impl Into<SocketAddr>) -> Self {
        self.listen = address.into();
        self
    }

    /// Requires this token of each request, as `authorization: Bearer TOKEN`.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Speaks TLS, with this certificate and its key, both as PEM text.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    #[must_use]
    pub fn tls(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((certificate.into(), key.into()));
        self
    }

    /// What the board says it is called, instead of what its design says: `Pynq-Z2`.
    #[must_use]
    pub fn board_name(mut self, name: impl Into<String>) -> Self {
        self.board_name = Some(name.into());
        self
    }

    /// How many clients may be connected at once. Another one's connection is closed as soon as it is made.
    #[must_use]
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most;
        self
    }

    /// Plays this script on the board, from when the server is made.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    /// Calls `observer` on whatever clients do that the server's owner may want to know. It must not block.
    #[must_use]
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    const fn has_tls(&self) -> bool {
        #[cfg(feature = "tls")]
        return self.identity.is_some();
        #[cfg(not(feature = "tls"))]
        false
    }

    /// What makes these options less safe than they could be. To be shown to the user who chose them.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.listen.ip().to_canonical().is_loopback() {
            return warnings;
        }
        if self.token.is_none() {
            warnings.push(Warning::OpenToAll { address: self.listen });
        }
        if !self.has_tls() {
            warnings.push(Warning::Unencrypted { address: self.listen });
        }
        warnings
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let Some(token) = &self.token else { return Ok(()) };
        let wrong = |reason| Err(Error::Token { reason });
        if token.len() < 16 {
            return wrong("has less than 16 characters, which can be guessed; take a longer one");
        }
        if token.len() > 1024 || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return wrong("can't be sent; use at most 1024 ASCII characters, without spaces");
        }
        Ok(())
    }
}

impl fmt::Debug for ServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerOptions")
            .field("listen", &self.listen)
            .field("token", &self.token.is_some())
            .field("tls", &self.has_tls())
            .finish_non_exhaustive()
    }
}

/// What makes a server less safe than it could be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Any machine that reaches the address can use the board.
    OpenToAll {
        /// The address.
        address: SocketAddr,
    },
    /// Any machine on the network path can read along, the token included.
    Unencrypted {
        /// The address.
        address: SocketAddr,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenToAll { address } => {
                write!(
                    f,
                    "{address} can be reached from other machines, and asks for no token: anybody can use the board"
                )
            }
            Self::Unencrypted { address } => {
                write!(
                    f,
                    "{address} can be reached from other machines, and does not speak TLS: anybody can read along"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_up_is_warned_of() {
        let at = |text: &str| ServerOptions::default().listen(text.parse::<SocketAddr>().unwrap());
        for address in ["127.0.0.1:7967", "127.1.2.3:1", "[::1]:7967", "[::ffff:127.0.0.1]:1"] {
            assert!(at(address).warnings().is_empty(), "{address}");
        }
        for address in ["0.0.0.0:7967", "[::]:7967", "192.168.2.1:7967"] {
            assert_eq!(at(address).warnings().len(), 2, "{address}");
            assert_eq!(at(address).token("a token of some length").warnings().len(), 1, "{address}");
        }
    }

    #[test]
    fn tokens_that_protect_nothing_are_refused() {
        for token in ["", "short", "has a space, and is long", "has a line\nbreak, and is long", &"x".repeat(2000)] {
            assert!(ServerOptions::default().token(token).check().is_err(), "{token:?}");
        }
        assert!(ServerOptions::default().token("0123456789abcdef").check().is_ok());
        assert!(!format!("{:?}", ServerOptions::default().token("0123456789abcdef")).contains("0123"));
    }
}
