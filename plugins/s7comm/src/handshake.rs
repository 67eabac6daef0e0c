//! The conversation.

use portprint_plugin_sdk::{End, Talk};

use crate::wire::{self, Connection};

/// Rack 0 and slot 2, 1 or 0, as from a programming device; and small controllers.
const TSAPS: [u16; 4] = [0x0102, 0x0101, 0x0100, 0x0200];

const MODULE: u16 = 0x0011;
const COMPONENT: u16 = 0x001c;
const PROTECTION: u16 = 0x0232;

/// The name that the server of the Snap7 library gives itself.
const SNAP7: &[u8] = b"SNAP7-SERVER";

/// The name and the serial number that Conpot has unless it is told others.
const CONPOT: (&str, &str) = ("Technodrome", "88111222");

pub(crate) async fn identify(talk: &mut Talk) -> Result<(), End> {
    let ours = u16::from_be_bytes(talk.random()) | 1;
    let theirs = connect(talk, ours).await?;
    let mut client = Client { reference: u16::from_be_bytes(talk.random()) };
    let reference = client.next();
    talk.send(&wire::setup(reference));
    let is_ready = wire::setup_reply(&packet(talk).await?, reference)?.is_some();
    talk.found.service = "s7comm".into();
    if is_ready {
        lists(talk, &mut client).await?;
    }
    talk.send(&wire::disconnect_request(ours, theirs));
    // Nobody waits for the answer.
    talk.read(0).await.map(|_| ())
}

/// Connects with whichever place there is. The reference of the other side.
async fn connect(talk: &mut Talk, ours: u16) -> Result<u16, End> {
    let mut ended = End::Mismatch;
    for tsap in TSAPS {
        talk.reconnect().await?;
        talk.send(&wire::connection_request(ours, tsap));
        match packet(talk).await {
            Ok(packet) => match Connection::read(&packet, ours)? {
                Connection::Confirmed(theirs) => return Ok(theirs),
                Connection::Refused => ended = End::Mismatch,
            },
            // So do some where there is nobody at this place.
            Err(end @ (End::Eof | End::Reset)) if talk.read_to_end(1).await.is_empty() => ended = end,
            Err(end) => return Err(end),
        }
    }
    Err(ended)
}

/// What the controller tells about itself.
async fn lists(talk: &mut Talk, client: &mut Client) -> Result<(), End> {
    let mut order = String::new();
    if let Some(list) = client.list(talk, MODULE, 0).await? {
        for (index, record) in wire::records(&list, MODULE) {
            let Ok((code, version)) = wire::module(record) else { continue };
            match index {
                1 => order = code,
                6 if !code.is_empty() => talk.found.detail("hardware", code),
                7 => talk.found.version = version.unwrap_or_default(),
                _ => {}
            }
        }
    }
    if !order.is_empty() {
        product(talk, &order, "");
        talk.found.detail("order_code", order.as_str());
    }
    if let Some(list) = client.list(talk, COMPONENT, 0).await? {
        let mut names = Vec::new();
        for (index, record) in wire::records(&list, COMPONENT) {
            // What stands behind the name is reserved.
            let name = portprint_plugin_sdk::text(record.split(|&byte| byte == 0).next().unwrap_or_default());
            let key = match index {
                1 => "system_name",
                2 => "module_name",
                3 => "plant_id",
                4 => "copyright",
                5 => "serial_number",
                7 => "module_type",
                8 => "memory_card_serial_number",
                11 => "location",
                _ => continue,
            };
            if !name.is_empty() {
                names.push((key, name));
            }
        }
        let name = |wanted| names.iter().find(|(key, _)| *key == wanted).map_or("", |(_, name)| name.as_str());
        if list.windows(SNAP7.len()).any(|part| part == SNAP7) {
            talk.found.product = "Snap7 server".into();
            talk.found.version.clear();
            talk.found.cpe.clear();
            talk.found.info = format!("as {order}");
            talk.found.device.clear();
            talk.found.detail("emulator", true);
        } else {
            product(talk, &order, name("module_type"));
            if (name("system_name"), name("serial_number")) == CONPOT {
                talk.found.info = "identity of the Conpot honeypot".into();
                talk.found.detail("emulator", true);
            }
        }
        for (key, name) in names {
            talk.found.detail(key, name);
        }
    }
    if let Some(list) = client.list(talk, PROTECTION, 4).await?
        && let Some((_, record)) = wire::records(&list, PROTECTION).first()
        && let Ok(level) = wire::protection(record)
    {
        talk.found.detail("protection_level", level);
    }
    Ok(())
}

/// The product by its order code, and by its name where it is told.
fn product(talk: &mut Talk, order: &str, name: &str) {
    let called = if name.is_empty() { order } else { name };
    let is_siemens = ["6ES7", "6AG1", "6ED1", "6GK7", "6FC5", "6AU1"].iter().any(|maker| order.starts_with(maker));
    talk.found.product = if is_siemens { format!("Siemens {called}") } else { called.to_owned() };
    let family = match order.strip_prefix("6ES7").map(str::trim_start).map(str::as_bytes) {
        Some([b'3', b'1', ..]) => "simatic_s7-300",
        Some([b'4', b'1', ..]) => "simatic_s7-400",
        Some([b'5', b'1', ..]) => "simatic_s7-1500",
        Some([b'2', b'1', b'1'..=b'7', b'-', b'1', ..]) => "simatic_s7-1200",
        _ => return,
    };
    talk.found.device = "specialized".into();
    talk.found.cpe = vec![format!("cpe:/h:siemens:{family}")];
}

struct Client {
    reference: u16,
}

impl Client {
    fn next(&mut self) -> u16 {
        self.reference = self.reference.wrapping_add(1);
        self.reference
    }

    /// A system status list, put together from its parts. Nothing if it cannot be had.
    async fn list(&mut self, talk: &mut Talk, id: u16, index: u16) -> Result<Option<Vec<u8>>, End> {
        /// Parts of a list.
        const MOST: usize = 8;
        let mut list = Vec::new();
        let mut reference = self.next();
        talk.send(&wire::read_szl(reference, id, index));
        for _ in 0..MOST {
            let Ok(Some(part)) = wire::part(&packet(talk).await?, reference) else { return Ok(None) };
            list.extend_from_slice(&part.bytes);
            if part.is_last {
                return Ok(Some(list));
            }
            reference = self.next();
            talk.send(&wire::read_on(reference, part.sequence));
        }
        Err(End::Mismatch)
    }
}

/// The next packet, without its header.
async fn packet(talk: &mut Talk) -> Result<Vec<u8>, End> {
    let length = wire::head(talk.peek(wire::HEAD).await?).ok_or(End::Mismatch)?;
    let packet = talk.read(wire::HEAD + length).await?;
    Ok(packet.get(wire::HEAD..).unwrap_or_default().to_vec())
}
