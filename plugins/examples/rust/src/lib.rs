//! Identifies servers of the shout protocol.
//!
//! # What it sends
//! The line `HELLO`, and the line `BYE`.

use portprint_plugin_sdk::{About, End, Plugin, Reader, Short, Talk, Trigger, export, text, transport};

struct Protocol;

impl Plugin for Protocol {
    const ABOUT: About = About {
        id: "shout",
        version: env!("CARGO_PKG_VERSION"),
        licence: "MIT",
        summary: "shout servers, with their version",
        sends: "the lines HELLO and BYE",
        services: &["shout"],
        transports: transport::TCP,
        ports: &[7777],
        // It is tried with ports that say nothing to any probe of the rules, and with those whose answer begins like this.
        triggers: &[Trigger::Silent, Trigger::Prefix(b"shout/")],
    };

    async fn identify(talk: &mut Talk) -> Result<(), End> {
        talk.send(b"HELLO\n");
        let line = talk.read_until(b"\n", 256).await?;
        let version = version(&line)?;
        // It is certain now; whatever goes wrong later leaves a partial result.
        talk.found.service = "shout".into();
        talk.found.version = version;
        talk.send(b"BYE\n");
        let farewell = talk.read_line(256).await?;
        talk.found.detail("farewell", farewell);
        Ok(())
    }
}

/// The version in `shout/1.0`. Peers may send anything, and nothing here panics.
fn version(line: &[u8]) -> Result<String, Short> {
    const NAME: &[u8] = b"shout";
    let mut reader = Reader::new(line);
    if reader.until(b'/')? != NAME {
        return Err(Short);
    }
    Ok(text(reader.rest()))
}

export!(Protocol);

#[cfg(test)]
mod tests {
    use portprint_plugin_sdk::testkit;

    #[test]
    fn versions_are_read() {
        assert_eq!(super::version(b"shout/1.2\n").as_deref(), Ok("1.2"));
        assert!(super::version(b"HTTP/1.0 400\n").is_err());
    }

    #[test]
    fn it_keeps_the_rules_and_knows_its_fixtures() {
        testkit::conforms(crate::portprint_plugin_entry, concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures"));
    }
}
