//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Identification, Level, Reply};

/// 1 is what devices are shipped with; 255 and 0 mean the one that is spoken to, where it is no gateway.
const UNIT: u8 = 1;
const OTHER_UNITS: [u8; 2] = [255, 0];

/// What Conpot says unless it is told to say something else.
const CONPOT: (Option<&str>, Option<&str>, Option<&str>) = (Some("Siemens"), Some("SIMATIC"), Some("S7-200"));

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let mut client = Client::new(talk).await?;
    client.ask(talk, UNIT, &wire::read_identification(Level::Basic, 0));
    let mut refused = None;
    match client.reply(talk).await {
        Ok((unit, Reply::Identification(identification))) => {
            return identified(talk, &mut client, unit, identification).await;
        }
        Ok((unit, Reply::Exception(code))) if !wire::is_of_gateway(code) => {
            return refusal(talk, &mut client, unit, code).await;
        }
        Ok((unit, Reply::Exception(code))) => refused = Some((unit, code)),
        Ok(_) => return Err(End::Mismatch),
        Err(End::TimedOut) => {}
        // Some close when they are asked for a unit that they do not have.
        Err(End::Eof | End::Reset) if talk.read_to_end(1).await.is_empty() => client = Client::new(talk).await?,
        Err(end) => return Err(end),
    }
    if refused.is_some() {
        talk.found.service = "modbus".into();
    }
    for unit in OTHER_UNITS {
        client.ask(talk, unit, &wire::read_identification(Level::Basic, 0));
    }
    // Some have no word for what they do not know.
    client.ask(talk, UNIT, &wire::READ_REGISTER);
    let mut ended = End::TimedOut;
    while client.waits() {
        match client.reply(talk).await {
            Ok((unit, Reply::Identification(identification))) => {
                return identified(talk, &mut client, unit, identification).await;
            }
            Ok((unit, Reply::Registers)) => refused = Some((unit, wire::ILLEGAL_FUNCTION)),
            Ok((unit, Reply::Exception(code))) => {
                if refused.is_none_or(|(_, before)| wire::is_of_gateway(before)) {
                    refused = Some((unit, code));
                }
            }
            Ok(_) => return Err(End::Mismatch),
            Err(end) => {
                ended = end;
                break;
            }
        }
        talk.found.service = "modbus".into();
    }
    let (unit, code) = refused.ok_or(ended)?;
    refusal(talk, &mut client, unit, code).await
}

/// The device tells about itself.
async fn identified(talk: &mut Talk, client: &mut Client, unit: u8, first: Identification) -> Result<(), End> {
    /// Replies that say that there is more.
    const MOST: usize = 8;
    talk.found.service = "modbus".into();
    talk.found.detail("unit", unit);
    let Identification { is_regular, mut next, mut objects } = first;
    let mut level = Level::Basic;
    let mut result = Ok(());
    for _ in 0..MOST {
        let object = match (next, level) {
            (Some(next), _) => next,
            (None, Level::Basic) if is_regular => {
                level = Level::Regular;
                wire::FIRST_REGULAR
            }
            _ => break,
        };
        client.ask(talk, unit, &wire::read_identification(level, object));
        match client.reply(talk).await {
            Ok((_, Reply::Identification(more))) => {
                next = more.next.filter(|&next| next > object);
                objects.extend(more.objects);
            }
            Ok(_) => break,
            Err(end) => {
                result = Err(end);
                break;
            }
        }
    }
    let object = |number| objects.get(&number).map(String::as_str).filter(|text: &&str| !text.is_empty());
    let name = object(wire::PRODUCT_NAME).or(object(wire::PRODUCT_CODE)).or(object(wire::MODEL)).unwrap_or_default();
    talk.found.product = match object(wire::VENDOR) {
        Some(vendor) if !name.starts_with(vendor) => format!("{vendor} {name}").trim_end().to_owned(),
        _ => name.to_owned(),
    };
    object(wire::REVISION).unwrap_or_default().clone_into(&mut talk.found.version);
    if (object(wire::VENDOR), object(wire::PRODUCT_CODE), object(wire::REVISION)) == CONPOT {
        talk.found.info = "identity of the Conpot honeypot".into();
        talk.found.detail("emulator", true);
    }
    for (number, key) in wire::OBJECTS {
        if let Some(text) = object(number) {
            talk.found.detail(key, text);
        }
    }
    result
}

/// The device does not tell that way.
async fn refusal(talk: &mut Talk, client: &mut Client, unit: u8, code: u8) -> Result<(), End> {
    talk.found.service = "modbus".into();
    talk.found.detail("unit", unit);
    if wire::is_of_gateway(code) {
        talk.found.info = "gateway".into();
        return Ok(());
    }
    client.ask(talk, unit, &[wire::REPORT_SERVER_ID]);
    loop {
        match client.reply(talk).await {
            Ok((_, Reply::ServerId(server_id))) => {
                if let Some(version) = wire::libmodbus(&server_id) {
                    talk.found.product = "libmodbus".into();
                    talk.found.cpe = vec![format!("cpe:/a:libmodbus:libmodbus:{version}")];
                    talk.found.version = version;
                } else {
                    talk.found.info = wire::server_text(&server_id);
                }
                talk.found.detail("server_id", server_id);
                return Ok(());
            }
            Ok(_) if client.waits_for(wire::REPORT_SERVER_ID) => {}
            // Nobody has to have it.
            Ok(_) | Err(End::TimedOut | End::Eof | End::Reset) => return Ok(()),
            Err(end) => return Err(end),
        }
    }
}

/// What has been asked on a connection.
struct Client {
    transaction: u16,
    asked: Vec<Asked>,
}

#[derive(Clone, Copy)]
struct Asked {
    transaction: u16,
    unit: u8,
    function: u8,
}

impl Client {
    /// With a connection of its own: on one that was used before, somebody may still wait for the end of a request.
    async fn new(talk: &mut Talk) -> Result<Self, End> {
        if !talk.is_udp() {
            talk.reconnect().await?;
        }
        Ok(Self { transaction: u16::from_be_bytes(talk.random()), asked: Vec::new() })
    }

    fn ask(&mut self, talk: &mut Talk, unit: u8, pdu: &[u8]) {
        self.transaction = self.transaction.wrapping_add(1);
        let function = pdu.first().copied().unwrap_or_default();
        self.asked.push(Asked { transaction: self.transaction, unit, function });
        talk.send(&wire::frame(self.transaction, unit, pdu));
    }

    /// Whether there are questions without a reply.
    fn waits(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Whether there is one of this function.
    fn waits_for(&self, function: u8) -> bool {
        self.asked.iter().any(|asked| asked.function == function)
    }

    /// The reply to one of the questions, and the unit that was asked.
    async fn reply(&mut self, talk: &mut Talk) -> Result<(u8, Reply), End> {
        let (transaction, pdu) = if talk.is_udp() {
            let datagram = talk.datagram().await?;
            let (transaction, length) = wire::head(&datagram).ok_or(End::Mismatch)?;
            let pdu = datagram.get(wire::HEAD..).filter(|pdu| pdu.len() == length).ok_or(End::Mismatch)?;
            (transaction, pdu.to_vec())
        } else {
            let (transaction, length) = wire::head(talk.peek(wire::HEAD).await?).ok_or(End::Mismatch)?;
            talk.read(wire::HEAD).await?;
            (transaction, talk.read(length).await?)
        };
        let at = self.asked.iter().position(|asked| asked.transaction == transaction).ok_or(End::Mismatch)?;
        let Asked { unit, function, .. } = self.asked.swap_remove(at);
        Ok((unit, Reply::read(function, &pdu).ok_or(End::Mismatch)?))
    }
}
