//! A plain log that is read here, whole lines at a time.

use super::detached;
use pyo3::prelude::*;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};

/// Bytes that are read beyond those wanted, to find the end of the last line.
pub const SLACK: usize = 64 << 10;

#[pyclass(frozen, module = "ses_cli.native._engine")]
pub struct Log {
    pub file: File,
}

#[pymethods]
impl Log {
    #[new]
    fn new(path: std::path::PathBuf) -> PyResult<Self> {
        Ok(Log {
            file: File::open(path)?,
        })
    }

    /// Device and inode.
    #[getter]
    fn identity(&self) -> PyResult<(u64, u64)> {
        let status = self.file.metadata()?;
        Ok((status.dev(), status.ino()))
    }

    /// Where the first line begins that begins at `offset` or later, None where that takes a closer look.
    fn line_start(&self, py: Python<'_>, offset: u64) -> PyResult<Option<u64>> {
        let Some(before) = offset.checked_sub(1) else {
            return Ok(Some(0));
        };
        detached(py, || {
            let mut bytes = vec![0; SLACK];
            let n = self.file.read_at(&mut bytes, before).ok()?;
            memchr::memchr(b'\n', &bytes[..n]).map(|at| before + at as u64 + 1)
        })
    }
}

/// The length of the whole lines that were read: see `Engine::read`.
pub fn read_lines(file: &File, offset: u64, end: u64, size: usize, buffer: &mut Vec<u8>) -> Option<usize> {
    if buffer.len() < size {
        buffer.resize(size, 0);
    }
    let mut length = 0;
    while length < size {
        match file.read_at(&mut buffer[length..size], offset + length as u64) {
            Ok(0) => break,
            Ok(n) => length += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    let text = &buffer[..length];
    // the line that ends here is the last one that begins before `end`
    let last = usize::try_from(end.checked_sub(offset + 1)?).ok()?;
    if let Some(rest) = text.get(last..)
        && let Some(at) = memchr::memchr(b'\n', rest)
    {
        return Some(last + at + 1);
    }
    memchr::memrchr(b'\n', text).map(|at| at + 1)
}
