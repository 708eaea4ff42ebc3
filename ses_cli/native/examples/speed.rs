//! How fast a log is scanned by one thread, the best of some rounds: `cargo run --release --example speed -- LOG`.
//!
//! CPU time where the system tells it, so that what else the machine does hardly matters.
use _engine::block::Block;
use _engine::scan::{Checks, Scanner};
use std::os::unix::fs::FileExt;
use std::sync::LazyLock;
use std::time::Instant;

fn main() {
    let path = std::env::args().nth(1).expect("a log");
    let piece = std::env::args().nth(2).map_or(2 << 20, |n| n.parse().expect("bytes"));
    let mut best = f64::INFINITY;
    for _ in 0..9 {
        let file = std::fs::File::open(&path).expect("a log that can be read");
        let mut scanner = Scanner::new(Checks {
            max_line: 1 << 20,
            strict: false,
            explain: false,
            shapes: false,
        });
        let mut buffer = vec![0; piece];
        let mut block = Block::default();
        let (mut offset, mut records, mut invalid, mut unsure) = (0, 0, 0, 0);
        let started = now();
        loop {
            let n = file.read_at(&mut buffer, offset).expect("bytes");
            let Some(end) = memchr::memrchr(b'\n', &buffer[..n]) else {
                break;
            };
            block.clear();
            scanner.scan(&buffer[..=end], &mut block);
            offset += end as u64 + 1;
            records += block.records.len();
            invalid += block.invalid.len();
            unsure += block.unsure.len();
        }
        let seconds = now() - started;
        if seconds < best {
            best = seconds;
            println!(
                "{records} records, {invalid} invalid, {unsure} unsure: {:.0} MB/s, {:.0} ns a record",
                offset as f64 / seconds / 1e6,
                seconds * 1e9 / records.max(invalid) as f64
            );
        }
    }
}

/// Seconds of CPU time of this thread, or of a clock.
fn now() -> f64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = spent
        .ok()
        .and_then(|spent| spent.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| BEGIN.elapsed().as_secs_f64(), |spent| spent / 1e9)
}
