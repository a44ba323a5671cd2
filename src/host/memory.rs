//! How the C library hands memory back.

/// Keeps a process small that has many threads, each of which works for a moment and then waits for an hour.
///
/// By itself glibc gives threads heaps of their own and lets each keep what was freed at its peak. A hundred waiting
/// workers hold three times the memory they use that way.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "there is no safe way to say it")]
pub fn stay_small() {
    let settings = [
        (libc::M_ARENA_MAX, 2),
        (libc::M_MMAP_THRESHOLD, 128 << 10),
        (libc::M_TRIM_THRESHOLD, 128 << 10),
        (libc::M_TOP_PAD, 0),
    ];
    for (parameter, value) in settings {
        // SAFETY: mallopt takes two numbers and locks what it changes; a value it does not like is left alone.
        unsafe { libc::mallopt(parameter, value) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn stay_small() {}
