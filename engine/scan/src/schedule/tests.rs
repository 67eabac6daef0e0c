//! The schedule against a clock of its own: limits hold, everything has its turn, what is remembered is bounded.

use std::collections::VecDeque;

use portprint_tables::Protocol;

use super::*;
use crate::{Host, Place};

const LIMITS: Limits = Limits { host: 3, net: 5, host_time: None, mute_ports: 0 };

fn job(address: &str, port: u16) -> Job {
    let ip: IpAddr = address.parse().unwrap();
    let place = Place { window: 0, first: 0, last: 0 };
    let item = Item { host: Host::from_address(ip), protocol: Protocol::Tcp, port, siblings: 1, place };
    Job { item, address: SocketAddr::new(ip, 0) }
}

/// Runs all jobs, at most `most` at a time, and gives the most that ran of a host and of a network at a time, and how many ran.
fn run(limits: Limits, jobs: Vec<Job>, most: usize) -> (usize, usize, usize) {
    let now = Instant::now();
    let mut schedule = Schedule::new(limits);
    let (mut jobs, mut running) = (VecDeque::from(jobs), VecDeque::<Job>::new());
    let (mut host_most, mut net_most, mut ran) = (0, 0, 0);
    loop {
        while running.len() < most {
            let turn = match schedule.next(now) {
                Some(turn) => turn,
                None => match jobs.pop_front() {
                    Some(job) => schedule.offer(job, now),
                    None => break,
                },
            };
            match turn {
                Turn::Begins(job, _) => running.push_back(job),
                Turn::Waits => {}
                Turn::LeftOut(_) => panic!("nobody is given up"),
            }
        }
        let count = |same: &dyn Fn(&Job) -> bool| running.iter().filter(|job| same(job)).count();
        for job in &running {
            host_most = host_most.max(count(&|other| other.address == job.address));
            if let Some(net) = Net::of(job.address.ip()) {
                net_most = net_most.max(count(&|other| Net::of(other.address.ip()) == Some(net)));
            }
        }
        let Some(job) = running.pop_front() else { break };
        ran += 1;
        schedule.ended(job.address, Ended::default(), now);
    }
    assert_eq!(schedule.waiting(), 0);
    assert!(schedule.hosts.is_empty() && schedule.nets.is_empty(), "nothing is remembered without a reason");
    (host_most, net_most, ran)
}

#[test]
fn limits_hold_and_everything_has_its_turn() {
    let mut jobs = Vec::new();
    for port in 0..50 {
        for host in ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.1.1", "2001:db8::1", "2001:db8::2", "127.0.0.1"] {
            jobs.push(job(host, port));
        }
    }
    let all = jobs.len();
    assert_eq!(run(LIMITS, jobs.clone(), 1000), (3, 5, all));
    assert_eq!(run(LIMITS, jobs.clone(), 2).2, all);
    assert_eq!(run(Limits { host: 1, net: 1, ..LIMITS }, jobs.clone(), 1000), (1, 1, all));
    jobs.sort_by_key(|job| job.address);
    assert_eq!(run(LIMITS, jobs, 7), (3, 5, all));
}

#[test]
fn the_time_of_a_host_counts_while_it_is_in_use() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut schedule = Schedule::new(Limits { host_time: Some(Duration::from_secs(10)), host: 1, ..LIMITS });
    let one = job("10.0.0.1", 1);
    let Turn::Begins(_, Some(deadline)) = schedule.offer(one.clone(), at(0)) else { panic!("it may begin") };
    assert_eq!(deadline, at(10));
    schedule.ended(one.address, Ended::default(), at(4));
    // A hundred seconds in which only others had their turn.
    let Turn::Begins(_, Some(deadline)) = schedule.offer(one.clone(), at(104)) else { panic!("it may begin") };
    assert_eq!(deadline, at(110));
    assert!(matches!(schedule.offer(one.clone(), at(105)), Turn::Waits));
    assert!(schedule.ended(one.address, Ended::default(), at(110)).is_none());
    assert!(matches!(schedule.next(at(110)), Some(Turn::LeftOut(jobs)) if jobs.len() == 1));
    assert!(matches!(schedule.offer(one, at(200)), Turn::LeftOut(_)));
    assert!(matches!(schedule.offer(job("10.0.0.2", 1), at(200)), Turn::Begins(..)));
}

#[test]
fn hosts_that_are_open_and_mute_are_given_up() {
    let now = Instant::now();
    let mut schedule = Schedule::new(Limits { mute_ports: 3, ..LIMITS });
    let (open, spoke) = (Ended { is_open: true, spoke: false }, Ended { is_open: true, spoke: true });
    for (address, second, expected) in [("10.0.0.1", open, Some(3)), ("10.0.0.2", spoke, None)] {
        let one = job(address, 1);
        for ended in [open, second] {
            assert!(matches!(schedule.offer(one.clone(), now), Turn::Begins(..)));
            assert_eq!(schedule.ended(one.address, ended, now), None);
        }
        for _ in 0..3 {
            assert!(matches!(schedule.offer(one.clone(), now), Turn::Begins(..)));
        }
        assert!(matches!(schedule.offer(one.clone(), now), Turn::Waits));
        assert_eq!(schedule.ended(one.address, open, now), expected);
        assert_eq!(schedule.ended(one.address, open, now), None, "it is told once");
        match schedule.next(now) {
            Some(Turn::LeftOut(jobs)) => assert!(expected.is_some() && jobs.len() == 1),
            Some(Turn::Begins(..)) => assert!(expected.is_none()),
            _ => panic!("something waited"),
        }
        assert_eq!(matches!(schedule.offer(one, now), Turn::LeftOut(_)), expected.is_some());
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let now = Instant::now();
    let mut schedule = Schedule::new(Limits { mute_ports: 200, ..LIMITS });
    for number in 0..200_000u32 {
        let one = job(&std::net::Ipv4Addr::from_bits(number + (10 << 24)).to_string(), 1);
        assert!(matches!(schedule.offer(one.clone(), now), Turn::Begins(..)));
        schedule.ended(one.address, Ended { is_open: true, spoke: false }, now);
    }
    assert!(schedule.hosts.len() <= REMEMBERED && schedule.idle.len() <= REMEMBERED);
    assert!(schedule.nets.is_empty());
}
