//! One file per instruction: its accounts with what is demanded of each, then what it does.

pub mod accept_admin;
pub mod close_receipt;
pub mod consume_credit;
pub mod initialize_config;
pub mod pay_usdc;
pub mod propose_admin;
pub mod refund_credit;
pub mod update_config;
