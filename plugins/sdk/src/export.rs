//! From a [`Plugin`](crate::Plugin) to the C ABI: the only module that says `unsafe`.

/// Exports a [`Plugin`](crate::Plugin) from a shared library (`crate-type = ["cdylib"]`).
#[cfg(not(feature = "linked"))]
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        $crate::entry! {
            #[allow(unsafe_code, reason = "the host looks for this name")]
            // SAFETY: no other function of a plugin has this name.
            #[unsafe(no_mangle)]
            $plugin
        }
    };
}

/// Makes a [`Plugin`](crate::Plugin)'s entry for a program that it is linked into.
#[cfg(feature = "linked")]
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        $crate::entry! { $plugin }
    };
}

/// What both forms of [`export!`](crate::export!) make.
#[doc(hidden)]
#[macro_export]
macro_rules! entry {
    ($(#[$attribute:meta])* $plugin:ty) => {
        /// The plugin as the host sees it.
        $(#[$attribute])*
        #[must_use]
        pub extern "C" fn portprint_plugin_entry() -> *const $crate::raw::Plugin {
            use $crate::raw;

            const ABOUT: $crate::About = <$plugin as $crate::Plugin>::ABOUT;
            static SERVICES: [raw::Bytes; ABOUT.services.len()] = raw::texts(ABOUT.services);
            static TRIGGERS: [raw::Trigger; ABOUT.triggers.len()] = raw::triggers(ABOUT.triggers);
            static DESCRIPTION: raw::Description = raw::description(&ABOUT, &SERVICES, &TRIGGERS);
            static PLUGIN: raw::Plugin = raw::plugin::<$plugin>(describe);

            extern "C" fn describe() -> *const raw::Description {
                &raw const DESCRIPTION
            }

            &raw const PLUGIN
        }
    };
}

/// What [`export!`](crate::export!) is made of. Not for use by hand.
#[doc(hidden)]
#[allow(unsafe_code, reason = "the ABI is crossed here, and nowhere else")]
pub mod raw {
    use std::ffi::c_void;
    use std::future::Future;
    use std::mem::size_of;
    use std::net::{IpAddr, Ipv4Addr};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::Pin;
    use std::ptr::null;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::task::{Context, Poll, Waker};

    use portprint_plugin_abi as abi;
    pub use portprint_plugin_abi::{Bytes, Description, Plugin, Trigger};

    use crate::talk::{Ask, Heard, Mailbox, Target};
    use crate::{About, End, Found, Talk, Tls, Value};

    /// A size that fits: all structs are small.
    macro_rules! size {
        ($of:ty) => {
            size_of::<$of>() as u32
        };
    }

    const NOTHING: Bytes = Bytes { data: null(), len: 0 };

    const fn bytes(bytes: &'static [u8]) -> Bytes {
        Bytes { data: bytes.as_ptr(), len: bytes.len() as u64 }
    }

    /// Bytes that live as long as what they are borrowed from.
    fn borrowed(bytes: &[u8]) -> Bytes {
        Bytes { data: bytes.as_ptr(), len: bytes.len() as u64 }
    }

    #[must_use]
    pub const fn texts<const N: usize>(all: &'static [&'static str]) -> [Bytes; N] {
        let mut texts = [NOTHING; N];
        let mut at = 0;
        while at < N {
            texts[at] = bytes(all[at].as_bytes());
            at += 1;
        }
        texts
    }

    #[must_use]
    pub const fn triggers<const N: usize>(all: &'static [crate::Trigger]) -> [Trigger; N] {
        let mut triggers = [Trigger { kind: 0, flags: 0, value: NOTHING }; N];
        let mut at = 0;
        while at < N {
            let (kind, flags, value) = match all[at] {
                crate::Trigger::Service(name) => (abi::TRIGGER_SERVICE, 0, bytes(name.as_bytes())),
                crate::Trigger::Literal(literal) => (abi::TRIGGER_LITERAL, 0, bytes(literal)),
                crate::Trigger::Prefix(literal) => (abi::TRIGGER_LITERAL, abi::TRIGGER_AT_START, bytes(literal)),
                crate::Trigger::Silent => (abi::TRIGGER_SILENT, 0, NOTHING),
                crate::Trigger::SilentStream => (abi::TRIGGER_SILENT, abi::TRIGGER_STREAMS, NOTHING),
                crate::Trigger::SilentDatagram => (abi::TRIGGER_SILENT, abi::TRIGGER_DATAGRAMS, NOTHING),
                crate::Trigger::SilentRare => (abi::TRIGGER_SILENT, abi::TRIGGER_RARE, NOTHING),
                crate::Trigger::Tls => (abi::TRIGGER_TLS, 0, NOTHING),
                crate::Trigger::Alpn(name) => (abi::TRIGGER_ALPN, 0, bytes(name.as_bytes())),
            };
            triggers[at] = Trigger { kind, flags, value };
            at += 1;
        }
        triggers
    }

    #[must_use]
    pub const fn description(about: &About, services: &'static [Bytes], triggers: &'static [Trigger]) -> Description {
        Description {
            struct_size: size!(Description),
            transports: about.transports,
            id: bytes(about.id.as_bytes()),
            version: bytes(about.version.as_bytes()),
            licence: bytes(about.licence.as_bytes()),
            summary: bytes(about.summary.as_bytes()),
            sends: bytes(about.sends.as_bytes()),
            services: services.as_ptr(),
            services_len: services.len() as u64,
            ports: about.ports.as_ptr(),
            ports_len: about.ports.len() as u64,
            triggers: triggers.as_ptr(),
            triggers_len: triggers.len() as u64,
        }
    }

    #[must_use]
    pub const fn plugin<P: crate::Plugin>(describe: extern "C" fn() -> *const Description) -> Plugin {
        Plugin {
            magic: abi::MAGIC,
            abi_major: abi::ABI_MAJOR,
            abi_minor: abi::ABI_MINOR,
            struct_size: size!(Plugin),
            reserved: 0,
            describe: Some(describe),
            open: Some(open),
            step: Some(step::<P>),
            close: Some(close),
        }
    }

    type Conversation = Pin<Box<dyn Future<Output = (Found, Result<(), End>)> + Send>>;

    struct Session {
        target: Target,
        conversation: Option<Conversation>,
        mailbox: Arc<Mutex<Mailbox>>,
        /// What the last action points to.
        answer: Answer,
    }

    /// What an action points to.
    #[derive(Default)]
    struct Answer {
        ask: Option<Ask>,
        list: Vec<Bytes>,
        found: Found,
        details: Vec<abi::Detail>,
        result: Option<abi::Result>,
    }

    // SAFETY: the pointers in it point into itself.
    unsafe impl Send for Answer {}

    unsafe extern "C" fn open(target: *const abi::Target, config: *const abi::Config) -> *mut c_void {
        let opened = catch_unwind(|| {
            // SAFETY: the host passes valid structs, or null.
            let (target, config) = unsafe { (target.as_ref()?, config.as_ref()?) };
            // SAFETY: what a struct of the host points to is valid for this call.
            let (host, address) = unsafe { (slice(target.host), slice(target.address)) };
            let address = if let Ok(v4) = <[u8; 4]>::try_from(address) {
                IpAddr::from(v4)
            } else {
                <[u8; 16]>::try_from(address).map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::from)
            };
            let target = Target {
                transport: target.transport,
                host: String::from_utf8_lossy(host).into_owned(),
                address,
                port: target.port,
                can_secure: config.flags & abi::CONFIG_TLS != 0,
                seed: config.seed,
            };
            Some(Session { target, conversation: None, mailbox: Arc::default(), answer: Answer::default() })
        });
        match opened {
            Ok(Some(session)) => Box::into_raw(Box::new(session)).cast(),
            _ => std::ptr::null_mut(),
        }
    }

    unsafe extern "C" fn step<P: crate::Plugin>(
        session: *mut c_void,
        event: *const abi::Event,
        action: *mut abi::Action,
    ) -> i32 {
        // SAFETY: the host passes what `open` made and is not in use, a valid event, and room for an action.
        let (session, event, action) = unsafe { (session.cast::<Session>().as_mut(), event.as_ref(), action.as_mut()) };
        let (Some(session), Some(event), Some(action)) = (session, event, action) else { return abi::STATUS_FAILED };
        // SAFETY: what an event points to is valid for this call.
        let heard = unsafe { heard(event) };
        match catch_unwind(AssertUnwindSafe(|| session.step::<P>(heard, action))) {
            Ok(status) => status,
            Err(_) => {
                // What the panic left behind is not touched any more.
                std::mem::forget(session.conversation.take());
                abi::STATUS_PANIC
            }
        }
    }

    unsafe extern "C" fn close(session: *mut c_void) {
        if !session.is_null() {
            // A panic while dropping has nobody to be told to.
            let _ = catch_unwind(|| {
                // SAFETY: the host passes what `open` made, once.
                drop(unsafe { Box::from_raw(session.cast::<Session>()) });
            });
        }
    }

    impl Session {
        fn step<P: crate::Plugin>(&mut self, heard: Heard, action: &mut abi::Action) -> i32 {
            let conversation = if let Some(conversation) = &mut self.conversation {
                self.mailbox.lock().unwrap_or_else(PoisonError::into_inner).heard = Some(heard);
                conversation
            } else {
                let mut talk = Talk::new(self.target.clone(), heard, self.mailbox.clone());
                self.conversation.insert(Box::pin(async move {
                    let result = P::identify(&mut talk).await;
                    (talk.found, result)
                }))
            };
            match conversation.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready((found, result)) => self.answer.finish(found, result, action),
                Poll::Pending => {
                    let ask = self.mailbox.lock().unwrap_or_else(PoisonError::into_inner).ask.take();
                    // It waits for something that is not this host.
                    let Some(ask) = ask else { return abi::STATUS_FAILED };
                    self.answer.go_on(ask, action);
                }
            }
            abi::STATUS_OK
        }
    }

    impl Answer {
        fn go_on(&mut self, ask: Ask, action: &mut abi::Action) {
            match self.ask.insert(ask) {
                Ask::Send { bytes, wait_ms, min } => {
                    action.kind = abi::ACTION_SEND;
                    action.data = borrowed(bytes);
                    (action.wait_ms, action.min_bytes) = (*wait_ms, *min);
                }
                Ask::Wait { wait_ms, min } => {
                    action.kind = abi::ACTION_WAIT;
                    (action.wait_ms, action.min_bytes) = (*wait_ms, *min);
                }
                Ask::StartTls { sni, alpn } => {
                    self.list = alpn.iter().map(|name| borrowed(name)).collect();
                    action.kind = abi::ACTION_START_TLS;
                    action.sni = borrowed(sni.as_bytes());
                    (action.alpn, action.alpn_len) = (self.list.as_ptr(), self.list.len() as u64);
                }
                Ask::Reconnect => action.kind = abi::ACTION_RECONNECT,
            }
        }

        fn finish(&mut self, found: Found, result: Result<(), End>, action: &mut abi::Action) {
            if found.service.is_empty() {
                action.kind = abi::ACTION_GIVE_UP;
                return;
            }
            self.found = found;
            let found = &self.found;
            self.list = found.cpe.iter().map(|cpe| borrowed(cpe.as_bytes())).collect();
            self.details = found.details.iter().map(|(key, value)| detail(key, value)).collect();
            let flag = |is_set: bool, flag| if is_set { flag } else { 0 };
            let result = self.result.insert(abi::Result {
                struct_size: size!(abi::Result),
                flags: flag(result.is_err(), abi::RESULT_PARTIAL) | flag(found.goes_inside, abi::RESULT_INSIDE),
                service: borrowed(found.service.as_bytes()),
                product: borrowed(found.product.as_bytes()),
                version: borrowed(found.version.as_bytes()),
                info: borrowed(found.info.as_bytes()),
                hostname: borrowed(found.hostname.as_bytes()),
                os: borrowed(found.os.as_bytes()),
                device: borrowed(found.device.as_bytes()),
                cpe: self.list.as_ptr(),
                cpe_len: self.list.len() as u64,
                details: self.details.as_ptr(),
                details_len: self.details.len() as u64,
            });
            action.kind = abi::ACTION_DONE;
            action.result = result;
        }
    }

    fn detail(key: &str, value: &Value) -> abi::Detail {
        let (kind, integer, bytes) = match value {
            Value::Text(text) => (abi::DETAIL_STRING, 0, borrowed(text.as_bytes())),
            Value::Integer(integer) => (abi::DETAIL_INTEGER, *integer, NOTHING),
            Value::Bool(yes) => (abi::DETAIL_BOOL, (*yes).into(), NOTHING),
            Value::Bytes(bytes) => (abi::DETAIL_BYTES, 0, borrowed(bytes)),
        };
        abi::Detail { key: borrowed(key.as_bytes()), kind, reserved: 0, integer, bytes }
    }

    /// # Safety
    /// The bytes are valid for `'a`.
    unsafe fn slice<'a>(bytes: Bytes) -> &'a [u8] {
        match usize::try_from(bytes.len) {
            // SAFETY: as the caller says.
            Ok(len) if len > 0 && !bytes.data.is_null() => unsafe { std::slice::from_raw_parts(bytes.data, len) },
            _ => &[],
        }
    }

    /// # Safety
    /// What the event points to is valid.
    unsafe fn heard(event: &abi::Event) -> Heard {
        // SAFETY: as the caller says.
        unsafe {
            Heard {
                kind: event.kind,
                flags: event.flags,
                data: slice(event.data).to_vec(),
                request: slice(event.request).to_vec(),
                tls: event.tls.as_ref().map(|tls| heard_tls(tls)),
            }
        }
    }

    /// # Safety
    /// What it points to is valid.
    unsafe fn heard_tls(tls: &abi::Tls) -> Tls {
        // SAFETY: as the caller says.
        let text = |bytes| String::from_utf8_lossy(unsafe { slice(bytes) }).into_owned();
        let names = match usize::try_from(tls.names_len) {
            // SAFETY: as the caller says.
            Ok(len) if len > 0 && !tls.names.is_null() => unsafe { std::slice::from_raw_parts(tls.names, len) },
            _ => &[],
        };
        Tls {
            version: text(tls.version),
            cipher: text(tls.cipher),
            alpn: text(tls.alpn),
            subject: text(tls.subject),
            issuer: text(tls.issuer),
            not_after: text(tls.not_after),
            sha256: text(tls.sha256),
            names: names.iter().map(|&name| text(name)).collect(),
        }
    }
}
