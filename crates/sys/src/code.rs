//! The program's own code in memory.

use std::{fs, io};

/// Unmaps the pages of this program's code. They stay in the page cache and come back, sixteen at a time, as far as they are
/// used: afterwards only what really runs counts as this process's memory. Data and constants are left alone.
pub fn unmap() -> io::Result<()> {
    for (start, length) in code(&fs::read_to_string("/proc/self/maps")?) {
        // SAFETY: a private mapping of a file that is readable and executable but never writable holds nothing but the file's
        // own pages; the kernel reads them again on the next access.
        let result = unsafe { libc::madvise(start as *mut libc::c_void, length, libc::MADV_DONTNEED) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Start and length of the mappings in `/proc/PID/maps` that are code of a file.
fn code(maps: &str) -> Vec<(usize, usize)> {
    let of_line = |line: &str| {
        let mut fields = line.split_ascii_whitespace();
        let (range, rights, path) = (fields.next()?, fields.next()?, fields.nth(3)?);
        let (start, end) = range.split_once('-')?;
        let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        (rights == "r-xp" && path.starts_with('/')).then_some((start, end - start))
    };
    maps.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_files_is_unmapped() {
        let maps = "00200000-00400000 r--p 00000000 fe:00 7 /bin/podium\n\
            00400000-00403000 r-xp 00200000 fe:00 7 /bin/podium\n\
            00403000-00404000 rw-p 00203000 fe:00 7 /bin/podium\n\
            7fff0000-7fff1000 r-xp 00000000 00:00 0 [vdso]\n\
            7fff2000-7fff3000 rwxp 00000000 00:00 0 /bin/podium\n";
        assert_eq!(code(maps), [(0x0040_0000, 0x3000)]);
        // And the program goes on.
        unmap().unwrap();
    }
}
