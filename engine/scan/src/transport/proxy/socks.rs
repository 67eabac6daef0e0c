//! SOCKS 5 (RFC 1928).

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_socks::Error;
use tokio_socks::tcp::Socks5Stream;

use super::{Login, Refusal};

/// Asks the proxy to connect. Nothing behind its reply has been read then.
pub(super) async fn open(stream: TcpStream, login: Option<&Login>, to: SocketAddr) -> Result<TcpStream, Refusal> {
    let opened = match login {
        Some(Login { user, password }) => {
            Socks5Stream::connect_with_password_and_socket(stream, to, user, password).await
        }
        None => Socks5Stream::connect_with_socket(stream, to).await,
    };
    opened.map(Socks5Stream::into_inner).map_err(|error| match error {
        Error::ConnectionRefused => Refusal::Peer(io::ErrorKind::ConnectionRefused),
        Error::NetworkUnreachable => Refusal::Peer(io::ErrorKind::NetworkUnreachable),
        Error::HostUnreachable => Refusal::Peer(io::ErrorKind::HostUnreachable),
        Error::TtlExpired => Refusal::Peer(io::ErrorKind::TimedOut),
        Error::ConnectionNotAllowedByRuleset => Refusal::Peer(io::ErrorKind::PermissionDenied),
        // The library's name for replies that RFC 1928 does not have, too.
        Error::GeneralSocksServerFailure | Error::AddressTypeNotSupported | Error::UnknownAuthMethod => {
            Refusal::Peer(io::ErrorKind::Other)
        }
        Error::PasswordAuthFailure(_) => Refusal::Us("it refuses the user or the password"),
        Error::NoAcceptableAuthMethods | Error::AuthorizationRequired => Refusal::Us(wants_login(login)),
        Error::CommandNotSupported => Refusal::Us("it does not connect to anybody"),
        Error::Io(_) => Refusal::Nonsense("it closes connections without an answer"),
        _ => Refusal::Nonsense("it does not speak SOCKS 5"),
    })
}

/// Greets the proxy, and looks whether it is one, and lets us in as far as that can be told before it has the password.
pub(super) async fn greet(stream: &mut TcpStream, login: Option<&Login>) -> Result<(), Refusal> {
    const VERSION: u8 = 5;
    const OPEN: u8 = 0;
    const PASSWORD: u8 = 2;
    let methods: &[u8] = if login.is_some() { &[VERSION, 2, OPEN, PASSWORD] } else { &[VERSION, 1, OPEN] };
    let mut answer = [0; 2];
    let greeting = async {
        stream.write_all(methods).await?;
        stream.read_exact(&mut answer).await
    };
    greeting.await.map_err(|_| Refusal::Nonsense("it closes the connection without an answer"))?;
    match answer {
        [VERSION, OPEN] => Ok(()),
        [VERSION, PASSWORD] if login.is_some() => Ok(()),
        [VERSION, _] => Err(Refusal::Us(wants_login(login))),
        _ => Err(Refusal::Nonsense("it does not speak SOCKS 5")),
    }
}

fn wants_login(login: Option<&Login>) -> &'static str {
    match login {
        Some(_) => "it takes no user and password",
        None => "it wants a user and a password: socks5://user:password@host:port",
    }
}
