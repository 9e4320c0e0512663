#[cfg(any(target_os = "solana", target_arch = "bpf"))]
mod syscall {
    use pinocchio::syscalls::{sol_log_, sol_log_data};

    pub fn log(line: &str) {
        unsafe { sol_log_(line.as_ptr(), line.len() as u64) }
    }

    pub fn log_data(bytes: &[u8]) {
        let fields = [bytes];
        unsafe { sol_log_data(fields.as_ptr() as *const u8, 1) }
    }
}

#[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
mod syscall {
    pub fn log(_line: &str) {}
    pub fn log_data(_bytes: &[u8]) {}
}

pub use syscall::{log, log_data};
