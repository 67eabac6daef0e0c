//! Properties of targets: each port once, excluded ones never, shards make the whole, the seed settles the order.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use portprint_tables::Protocol;

use super::*;
use crate::{Excluded, Host, PortSelection, Ports};

fn defaults() -> Defaults {
    Defaults {
        protocol: Protocol::Tcp,
        ports: PortSelection::default(),
        usual: Ports::new(&crate::PortSet::from_ports([80, 443]), &crate::PortSet::from_ports([53])),
    }
}

fn target(text: &str) -> Target {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn targets(list: &[&str], seed: u64) -> Targets {
    let mut targets = Targets::new(defaults(), seed);
    list.iter().for_each(|text| targets.add(target(text)));
    targets
}

fn stream(list: Vec<String>) -> Stream {
    Box::new(list.into_iter().map(|text| match text.as_str() {
        "pause" => Arrival::Pause,
        text => Arrival::Target(target(text)),
    }))
}

fn shown(item: &Item) -> String {
    format!("{} {}/{}", item.host.name(), item.port, item.protocol)
}

fn sorted(targets: Targets) -> Vec<String> {
    let mut list: Vec<_> = targets.into_items().map(|item| shown(&item)).collect();
    list.sort();
    list
}

#[test]
fn every_port_comes_once() {
    for (list, expected) in [
        (&["10.0.0.1"][..], "10.0.0.1 443/tcp,10.0.0.1 80/tcp"),
        (&["udp://10.0.0.1", "tcp://10.0.0.1:5"], "10.0.0.1 5/tcp,10.0.0.1 53/udp"),
        (&["10.0.0.1:1", "10.0.0.0/31:2", "10.0.0.1:1-2"], "10.0.0.0 2/tcp,10.0.0.1 1/tcp,10.0.0.1 2/tcp"),
        (
            &["10.0.0.1-3:7", "10.0.0.2-4:7", "10.0.0.3:8"],
            "10.0.0.1 7/tcp,10.0.0.2 7/tcp,10.0.0.3 7/tcp,10.0.0.3 8/tcp,10.0.0.4 7/tcp",
        ),
        (&["a:5", "b:U:6", "a:3", "a:5", "tcp://a:5"], "a 3/tcp,a 5/tcp,b 6/udp"),
        (&["[::1]:5", "[::1]:5", "::ffff:10.0.0.1:9", "10.0.0.1:9"], "10.0.0.1 9/tcp,::1 5/tcp,::ffff:10.0.0.1 9/tcp"),
        (
            &["[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127]:1"],
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe 1/tcp,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 1/tcp",
        ),
    ] {
        let found = sorted(targets(list, 3));
        assert_eq!(found.join(","), expected, "{list:?}");
        assert_eq!(targets(list, 3).into_items().total(), Some(found.len() as u64));
    }
}

/// A small generator, so that the cases are many and always the same.
struct Cases(u64);

impl Cases {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0) % end
    }

    fn range(&mut self) -> String {
        let (one, other) = (self.below(256), self.below(256));
        let (first, last) = (one.min(other), one.max(other));
        match self.below(4) {
            0 => format!("10.0.0.{one}"),
            1 => format!("10.0.0.{one}/{}", 24 + self.below(9)),
            2 => format!("2001:db8::{first:x}-2001:db8::{last:x}"),
            _ => format!("10.0.0.{first}-{last}"),
        }
    }
}

/// What a list of targets stands for, the slow way.
fn expand(list: &[String], excluded: &[String]) -> BTreeSet<(IpAddr, u16)> {
    let members = |text: &str| -> Vec<IpAddr> {
        let (hosts, last) = match target(text).hosts {
            crate::Hosts::One(host) => (host.address().unwrap(), host.address().unwrap()),
            crate::Hosts::Range(range) => (range.first(), range.last()),
        };
        let mut all = vec![hosts];
        while all[all.len() - 1] != last {
            let next = crate::target::bits(all[all.len() - 1]) + 1;
            all.push(crate::target::address(last.is_ipv4(), next));
        }
        all
    };
    let excluded: BTreeSet<IpAddr> = excluded.iter().flat_map(|text| members(text)).collect();
    let mut all = BTreeSet::new();
    for text in list {
        let Target { ports, .. } = target(text);
        for address in members(text).into_iter().filter(|address| !excluded.contains(address)) {
            all.extend(ports.iter().flat_map(|ports| ports.plain.iter()).map(|port| (address, port)));
        }
    }
    all
}

#[test]
fn ranges_shards_and_exclusions_agree_with_counting() {
    let mut cases = Cases(11);
    for case in 0..60 {
        let list: Vec<String> = (0..=cases.below(12))
            .map(|_| {
                let (range, port) = (cases.range(), cases.below(20));
                format!("[{range}]:{port}-{}", port + cases.below(5))
            })
            .collect();
        let excluded: Vec<String> = (0..cases.below(6)).map(|_| cases.range()).collect();
        let expected = expand(&list, &excluded);
        let count = u32::try_from(1 + cases.below(5)).unwrap();
        let is_stream = case % 2 == 0;
        let of_shard = |number| {
            let mut targets = Targets::new(defaults(), case);
            if is_stream {
                targets.add_stream(stream(list.clone()));
            } else {
                list.iter().for_each(|text| targets.add(target(text)));
            }
            targets.exclude(excluded.iter().map(|text| text.parse::<Excluded>().unwrap()).collect());
            targets.shard(Shard::new(number, count).unwrap());
            targets.into_items()
        };
        let mut found = BTreeMap::new();
        for number in 1..=count {
            let total = of_shard(number).total();
            let items: Vec<_> = of_shard(number).collect();
            assert!(total.is_none_or(|total| total == items.len() as u64));
            assert_eq!(total.is_none(), is_stream);
            for item in items {
                *found.entry((item.host.address().unwrap(), item.port)).or_insert(0) += 1;
            }
        }
        assert!(found.values().all(|&times| times == 1), "{list:?} in {count} shards");
        assert_eq!(found.into_keys().collect::<BTreeSet<_>>(), expected, "{list:?} without {excluded:?}");
    }
}

#[test]
fn shards_of_streams_are_of_about_equal_size_whatever_the_order() {
    let of_shard = |number, order: fn(&mut Vec<String>)| {
        let mut list: Vec<_> = (0..40_000).map(|n| format!("10.0.{}.{}:{}", n / 256, n % 256, 1 + n % 7)).collect();
        order(&mut list);
        let mut targets = Targets::new(defaults(), 1);
        targets.add_stream(stream(list));
        targets.shard(Shard::new(number, 4).unwrap());
        sorted(targets)
    };
    let all: Vec<_> = (1..=4).map(|number| of_shard(number, |_| {})).collect();
    assert!(all.iter().all(|shard| (9_500..10_500).contains(&shard.len())));
    assert_eq!(of_shard(2, |list| list.reverse()), all[1]);
    assert!(Shard::new(0, 4).is_none() && Shard::new(5, 4).is_none());
}

#[test]
fn the_seed_settles_the_order() {
    let order = |seed: u64, is_stream: bool| {
        let mut targets = targets(if is_stream { &[] } else { &["10.0.0.0/24:1-100"] }, seed);
        if is_stream {
            targets.add_stream(stream(vec![String::from("10.0.0.0/24:1-100")]));
        }
        targets.into_items().map(|item| shown(&item)).collect::<Vec<_>>()
    };
    for is_stream in [false, true] {
        assert_eq!(order(1, is_stream), order(1, is_stream));
        assert_ne!(order(1, is_stream), order(2, is_stream));
    }
    // Hosts take turns from the beginning.
    let first: BTreeSet<_> =
        order(1, false)[..200].iter().map(|item| item.split(' ').next().unwrap().to_owned()).collect();
    assert!(first.len() > 100, "{}", first.len());
}

#[test]
fn reserved_blocks_are_left_out_unless_they_are_meant() {
    let count = |list: &[&str], reserved: bool| {
        let mut targets = targets(list, 1);
        if reserved {
            targets.include_reserved();
        }
        targets.into_items().total()
    };
    assert_eq!(count(&["126.0.0.0/7:1"], false), Some(1 << 24));
    assert_eq!(count(&["126.0.0.0/7:1"], true), Some(1 << 25));
    assert_eq!(count(&["127.0.0.0/8:1", "10.0.0.0/8:1"], false), Some(1 << 25));
    // The registry's blocks, added up by their prefixes: three /8 and two /4, then /10, /12, /15, /16, /24.
    let reserved = (1u64 << 24) * 35 + (1 << 22) + (1 << 20) + (1 << 17) + (1 << 16) * 2 + 256 * 8;
    assert_eq!(count(&["0.0.0.0/0:1"], false), Some((1 << 32) - reserved));
}

#[test]
fn names_and_spellings_are_hosts_of_their_own() {
    let mut list = targets(&["[0::1]:5"], 1);
    list.add(Target { hosts: crate::Hosts::One(Host::with_name("www", "10.0.0.1".parse().unwrap())), ..target("x:7") });
    list.exclude(["other"].iter().map(|text| text.parse::<Excluded>().unwrap()).collect());
    list.add(target("OTHER:9"));
    list.add(target("0:0::1"));
    let found: Vec<_> = sorted(list);
    assert_eq!(found, ["0:0::1 443/tcp", "0:0::1 80/tcp", "0::1 5/tcp", "www 7/tcp"]);
}

#[test]
fn huge_targets_cost_nothing() {
    let items = targets(&["[2a00::/48]:-", "0.0.0.0/0:-"], 5).into_items();
    assert_eq!(items.total(), None, "it does not fit 64 bits");
    let items: Vec<_> = items.take(1000).map(|item| shown(&item)).collect();
    assert_eq!(items.iter().collect::<BTreeSet<_>>().len(), 1000);
    assert_eq!(targets(&["0.0.0.0/0:-"], 5).into_items().total(), Some(3_702_257_664 * 65_535));
}

#[test]
fn streams_are_taken_in_windows() {
    let list: Vec<String> =
        (0..WINDOW + 10).map(|n| format!("10.{}.{}.{}:1", n >> 16, n >> 8 & 255, n & 255)).collect();
    let mut targets = Targets::new(defaults(), 9);
    targets.add_stream(stream(list.clone()));
    let items: Vec<_> = targets.into_items().map(|item| shown(&item)).collect();
    assert_eq!(items.len(), list.len());
    let last: BTreeSet<_> = items[WINDOW..].iter().collect();
    assert!(last.iter().all(|item| item.starts_with("10.1.0.")), "{last:?}");
    // A pause ends a window, and what has come does not wait for more.
    let mut targets = Targets::new(defaults(), 9);
    targets.add_stream(stream(
        ["pause", "10.0.0.1:1", "pause", "pause", "10.0.0.2:1", "10.0.0.1:1"].map(String::from).into(),
    ));
    let mut items = targets.into_items();
    assert_eq!(items.next_batch(10).map(|batch| batch.len()), Some(1));
    assert_eq!(items.next_batch(10).map(|batch| batch.len()), Some(2));
    assert_eq!(items.next_batch(10), None);
}

/// Goes over targets as a scan would, ending after some ports, most of which are done in an order of its own. What is done is kept.
fn visit(targets: Targets, done: &mut Done, random: &mut impl FnMut(u64) -> u64, seen: &mut BTreeMap<String, usize>) {
    let mut items = targets.into_items();
    let (mut waiting, mut left) = (Vec::new(), random(400));
    loop {
        let next = items.next();
        items.take_begun().into_iter().for_each(|window| assert!(done.add_window(window)));
        assert!(items.take_fault().is_none());
        let at_end = next.is_none();
        waiting.extend(next);
        while !waiting.is_empty() && left > 0 && (at_end || waiting.len() > 40) {
            let item = waiting.swap_remove(usize::try_from(random(waiting.len() as u64)).unwrap());
            *seen.entry(shown(&item)).or_default() += 1;
            done.add(item.place);
            left -= 1;
        }
        if at_end || left == 0 {
            return;
        }
    }
}

#[test]
fn runs_that_go_on_make_the_whole() {
    let mut state = 11;
    let mut random = |below: u64| {
        state = mix(state + 1);
        state % below
    };
    for case in 0..60 {
        let has_streams = case % 3 > 0;
        let shard = (case % 4 > 1).then(|| Shard::new(2, 3).unwrap());
        let mut pauses = mix(case);
        let mut whole = || {
            let mut targets = targets(&["10.0.0.0/26:1-9", "name:1-50", "name:7"], case);
            if has_streams {
                pauses = mix(pauses);
                let mut list: Vec<_> = (1..30).map(|host| format!("10.0.1.{host}:1-12")).collect();
                // They come at other times in every run.
                (0..4).for_each(|at| list.insert(usize::try_from(pauses >> (at * 8) & 15).unwrap(), "pause".into()));
                targets.add_stream(stream(list));
            }
            shard.into_iter().for_each(|shard| targets.shard(shard));
            targets
        };
        let expected: BTreeMap<_, _> = whole().into_items().map(|item| (shown(&item), 1)).collect();
        let (mut done, mut seen) = (Done::default(), BTreeMap::new());
        for _ in 0..200 {
            if seen.len() == expected.len() {
                break;
            }
            let mut rest = whole();
            rest.go_on(done.clone());
            visit(rest, &mut done, &mut random, &mut seen);
        }
        assert_eq!(seen, expected, "case {case}");
        let mut rest = whole();
        rest.go_on(done);
        assert_eq!(rest.into_items().count(), 0);
    }
}

#[test]
fn hosts_are_whole_when_a_scan_goes_on() {
    let whole = || targets(&["10.0.0.0/30:1-5", "name:1-3"], 9);
    let mut done = Done::default();
    whole().into_items().take(11).for_each(|item| done.add(item.place));
    let mut rest = whole();
    rest.go_on(done);
    let items = rest.into_items();
    assert_eq!((items.total(), items.has_whole_hosts()), (Some(12), true));
    let mut left = BTreeMap::<_, (u32, u32)>::new();
    for item in items {
        let (count, siblings) = left.entry(item.host.name().into_owned()).or_default();
        (*count, *siblings) = (*count + 1, item.siblings);
    }
    assert!(left.values().all(|(count, siblings)| count == siblings), "{left:?}");
}

#[test]
fn other_input_is_no_scan_to_go_on_with() {
    let with = |list: &[&str]| {
        let mut targets = targets(&[], 1);
        targets.add_stream(stream(list.iter().map(|&text| text.to_owned()).collect()));
        targets
    };
    let mut done = Done::default();
    let mut first = with(&["10.0.0.1:1", "10.0.0.2:1", "pause", "10.0.0.3:1"]);
    first.go_on(done.clone());
    let mut items = first.into_items();
    items.by_ref().for_each(drop);
    items.take_begun().into_iter().for_each(|window| assert!(done.add_window(window)));
    for (list, ports, is_fault) in [
        (&["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "10.0.0.4:1"][..], 4, false),
        (&["10.0.0.1:1", "10.0.0.2:1"], 2, true),
        (&["10.0.0.1:1", "10.0.0.2:2", "10.0.0.3:1"], 0, true),
        (&[], 0, true),
    ] {
        let mut again = with(list);
        again.go_on(done.clone());
        let mut items = again.into_items();
        assert_eq!((items.by_ref().count(), items.take_fault().is_some()), (ports, is_fault), "{list:?}");
    }
}
