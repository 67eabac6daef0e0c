//! Names and their addresses: each name is resolved once, a few at a time.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::Item;

/// How many names are resolved at a time.
const RESOLVING: usize = 16;

/// How many names are remembered. One that comes again when it has been forgotten is resolved again.
const REMEMBERED: usize = 65_536;

/// What is known of names.
#[derive(Default)]
pub(crate) struct Names {
    known: HashMap<Arc<str>, Name>,
    /// Those that wait for their turn.
    queue: VecDeque<Arc<str>>,
    resolving: usize,
    /// Those that are resolved, in that order.
    resolved: VecDeque<Arc<str>>,
    waiting: usize,
}

enum Name {
    /// Ports that wait for the address.
    Pending(Vec<Item>),
    /// The address, port 0; `None`: there is none, or it is excluded.
    Resolved(Option<SocketAddr>),
}

/// What to do about a port of a host by name.
pub(crate) enum Lookup {
    /// Go on with the address.
    Found(SocketAddr, Item),
    /// The host was skipped.
    Skipped,
    /// It waits.
    Waits,
}

impl Names {
    /// Looks a name up, or makes the port wait for it.
    pub(crate) fn look_up(&mut self, name: &Arc<str>, item: Item) -> Lookup {
        match self.known.get_mut(name) {
            Some(Name::Resolved(Some(address))) => return Lookup::Found(*address, item),
            Some(Name::Resolved(None)) => return Lookup::Skipped,
            Some(Name::Pending(items)) => items.push(item),
            None => {
                self.known.insert(name.clone(), Name::Pending(vec![item]));
                self.queue.push_back(name.clone());
            }
        }
        self.waiting += 1;
        Lookup::Waits
    }

    /// The next name to resolve, if it may be resolved now.
    pub(crate) fn next(&mut self) -> Option<Arc<str>> {
        let name = if self.resolving < RESOLVING { self.queue.pop_front() } else { None };
        self.resolving += usize::from(name.is_some());
        name
    }

    /// Takes in the address of a name, and gives the ports that waited for it.
    pub(crate) fn resolved(&mut self, name: &Arc<str>, address: Option<SocketAddr>) -> Vec<Item> {
        self.resolving -= 1;
        self.resolved.push_back(name.clone());
        if self.resolved.len() > REMEMBERED
            && let Some(oldest) = self.resolved.pop_front()
        {
            self.known.remove(&oldest);
        }
        let Some(Name::Pending(items)) = self.known.insert(name.clone(), Name::Resolved(address)) else {
            return Vec::new();
        };
        self.waiting -= items.len();
        items
    }

    /// How many ports wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Lets go of all ports that wait.
    pub(crate) fn give_up(&mut self) {
        self.queue.clear();
        self.waiting = 0;
        self.known.clear();
    }
}

/// The address of a name, port 0: the first that the system gives.
pub(crate) async fn resolve(name: &str) -> io::Result<SocketAddr> {
    tokio::net::lookup_host((name, 0)).await.and_then(|mut addresses| {
        addresses.next().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
    })
}
