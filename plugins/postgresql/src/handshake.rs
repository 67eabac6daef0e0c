//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Authentication, Failure};

/// The user that is asked for. There is hardly one of this name, so that nobody is logged in even where no password is needed.
const USER: &str = "portprint";

/// "Invalid authorization specification": where it comes without a question, the server would have believed anybody who exists.
const INVALID_AUTHORIZATION: &str = "28000";

const CPE: &str = "cpe:/a:postgresql:postgresql";

/// What a server says to a client that begins a session.
enum Welcome {
    Question(Authentication),
    Failure(Failure),
}

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let tls = talk.is_inside_tls() || offers_tls(talk).await?;
    let mut is_inside = talk.is_inside_tls();
    if tls && !is_inside {
        is_inside = talk.can_start_tls() && talk.start_tls(&[]).await.is_ok();
        if !is_inside {
            // The server waits for TLS.
            talk.reconnect().await?;
        }
    }
    let first = welcome(talk).await?;
    talk.found.service = "postgresql".into();
    talk.found.detail("tls_offered", tls);
    let mut is_refused = false;
    match first {
        Welcome::Question(authentication) => {
            talk.found.detail("auth_method", authentication.method);
            talk.found.detail("auth_required", authentication.method != "trust");
            for mechanism in authentication.mechanisms {
                talk.found.detail("mechanism", mechanism);
            }
            if authentication.method == "trust" {
                parameters(talk).await;
            }
        }
        Welcome::Failure(failure) => {
            tell_source(talk, &failure);
            if failure.code == INVALID_AUTHORIZATION && failure.routine == "InitializeSessionUserId" {
                talk.found.detail("auth_method", "trust");
                talk.found.detail("auth_required", false);
            } else {
                is_refused = true;
                if !is_inside && is_about_tls(&failure) {
                    talk.found.detail("tls_required", true);
                }
                talk.found.detail("error", failure.message);
            }
        }
    }
    if is_inside && !is_refused && !talk.is_inside_tls() {
        talk.reconnect().await?;
        match welcome(talk).await? {
            Welcome::Question(_) => talk.found.detail("tls_required", false),
            Welcome::Failure(failure) => {
                tell_source(talk, &failure);
                if is_about_tls(&failure) {
                    talk.found.detail("tls_required", true);
                } else if failure.routine == "InitializeSessionUserId" {
                    talk.found.detail("tls_required", false);
                }
            }
        }
    }
    if talk.found.version.is_empty() && talk.found.product.is_empty() {
        talk.reconnect().await?;
        talk.send(&wire::IMPOSSIBLE);
        // Others may hang up, or not care.
        if let Ok((b'E', body)) = message(talk).await
            && let Ok(failure) = Failure::read(&body)
        {
            tell_support(talk, &failure);
        }
    }
    Ok(())
}

/// Whether the server speaks TLS. If so, it waits for that.
async fn offers_tls(talk: &mut Talk) -> Result<bool, End> {
    talk.send(&wire::SSL_REQUEST);
    // The answer is a single byte; whatever has more to say is something else.
    match talk.read_some().await?.as_slice() {
        b"S" => Ok(true),
        b"N" => Ok(false),
        // Servers older than TLS answer with an error; so do peers that speak something else.
        [b'E', ..] => talk.reconnect().await.map(|()| false),
        _ => Err(End::Mismatch),
    }
}

/// Begins a session.
async fn welcome(talk: &mut Talk) -> Result<Welcome, End> {
    const MOST: usize = 8;
    talk.send(&wire::startup(USER));
    for _ in 0..MOST {
        // Pgpool-II may put an empty error of protocol 2 before one of protocol 3.
        if talk.peek(5).await? == b"E\0E\0\0" {
            talk.read(2).await?;
        }
        match message(talk).await? {
            (b'R', body) => return Ok(Welcome::Question(Authentication::read(&body)?)),
            (b'E', body) => return Ok(Welcome::Failure(Failure::read(&body)?)),
            // Notices, and a newer minor version of the protocol.
            (b'N' | b'v', _) => {}
            _ => break,
        }
    }
    Err(End::Mismatch)
}

/// Whether it is for want of TLS that a server refuses.
fn is_about_tls(failure: &Failure) -> bool {
    let message = failure.message.to_ascii_lowercase();
    let is_hba = message.contains("pg_hba.conf") && (message.contains("no encryption") || message.contains("ssl off"));
    let is_wanted = ["ssl", "tls", "encrypt"].iter().any(|it| message.contains(it))
        && ["require", "mandatory", "insecure", "must"].iter().any(|it| message.contains(it));
    is_hba || is_wanted
}

/// Who raised an error, if it is told.
fn tell_source(talk: &mut Talk, failure: &Failure) {
    if failure.file.starts_with("pool_") || failure.file.starts_with("child.c") {
        talk.found.product = "Pgpool-II".into();
        talk.found.cpe = vec!["cpe:/a:pgpool:pgpool-ii".into()];
    }
}

/// What the server tells about itself once it believes who we are.
async fn parameters(talk: &mut Talk) {
    const MOST: usize = 64;
    for _ in 0..MOST {
        // There is no such user, as is to be hoped, and the server closes.
        let Ok((kind, body)) = message(talk).await else { return };
        match (kind, wire::parameter(&body)) {
            (b'S', Some((name, value))) => match name.as_str() {
                "server_version" => tell_version(talk, &value),
                // "CockroachDB CCL v23.1.11 (x86_64-pc-linux-gnu, built …)"
                "crdb_version" => {
                    talk.found.product = "CockroachDB".into();
                    let version = value.split(' ').find_map(|word| word.strip_prefix('v')).unwrap_or_default();
                    version.clone_into(&mut talk.found.version);
                }
                "in_hot_standby" => talk.found.detail("hot_standby", value == "on"),
                "is_superuser" => talk.found.detail("superuser", value == "on"),
                _ => {}
            },
            // Pgpool-II has something to say on what the server behind it says.
            (b'E', _) => {
                if let Ok(failure) = Failure::read(&body) {
                    tell_source(talk, &failure);
                }
            }
            (b'K' | b'N', _) => {}
            _ => break,
        }
    }
    talk.send(&wire::TERMINATE);
    talk.read_to_end(1).await;
}

/// What `server_version` tells: "15.18 (Debian 15.18-0+deb12u1)". Others say there which PostgreSQL they are like.
fn tell_version(talk: &mut Talk, value: &str) {
    let found = &mut talk.found;
    let (version, build) = value.split_once(' ').unwrap_or((value, ""));
    let is_packaged = build.starts_with("(Debian") || build.starts_with("(Ubuntu");
    // Since 10, versions have two numbers.
    let numbers: Vec<_> = version.split('.').map(|number| number.parse::<u16>().unwrap_or_default()).collect();
    let is_plain = build.is_empty() && matches!(numbers.as_slice(), [(10..), _]);
    if is_packaged || is_plain {
        found.product = "PostgreSQL DB".into();
        found.version = version.into();
        found.info = build.trim_matches(['(', ')']).into();
        found.cpe = vec![format!("{CPE}:{version}")];
    } else {
        found.info = format!("as PostgreSQL {value}");
    }
    if is_packaged {
        found.os = "Linux".into();
    }
}

/// What the answer to a protocol that there is not tells.
fn tell_support(talk: &mut Talk, failure: &Failure) {
    tell_source(talk, failure);
    if !talk.found.product.is_empty() {
        return;
    }
    if let Some((first, last)) = failure.supported() {
        talk.found.detail("protocol_version", format!("{first} to {last}"));
        // Only PostgreSQL, and what is made from it, raises it here.
        if failure.routine == "ProcessStartupPacket" && failure.file.ends_with(".c") {
            talk.found.product = "PostgreSQL DB".into();
            talk.found.cpe = vec![CPE.into()];
            talk.found.detail("error_source", format!("{}:{}", failure.file, failure.line));
            // Protocol 2 went with version 14, and 3.2 came with 18; 17 has moved the function.
            talk.found.version = match (first, last, failure.file.as_str()) {
                ("1.0" | "2.0", ..) => "13 or earlier".into(),
                ("3.0", "3.0", "postmaster.c") => "14 - 16".into(),
                ("3.0", "3.0", "backend_startup.c") => "17".into(),
                ("3.0", "3.2", _) => "18 or later".into(),
                _ => String::new(),
            };
        }
    } else if failure.message.starts_with("bad packet header: '") && failure.file.is_empty() {
        talk.found.product = "PgBouncer".into();
        talk.found.cpe = vec!["cpe:/a:pgbouncer:pgbouncer".into()];
    }
}

async fn message(talk: &mut Talk) -> Result<(u8, Vec<u8>), End> {
    let mut head = [0; 5];
    head.copy_from_slice(talk.peek(5).await?);
    let (kind, length) = wire::head(head).ok_or(End::Mismatch)?;
    let message = talk.read(5 + length).await?;
    Ok((kind, message[5..].to_vec()))
}
