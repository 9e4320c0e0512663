use crate::{
    constrain::constrain,
    context::Context,
    error::{FrameworkError, Result},
    log::log,
    state::Config,
};

pub const DISCRIMINATOR: &[u8; 8] = &[121, 214, 199, 212, 87, 39, 117, 234];

/// Names who may become the admin by accepting; the zero key takes a proposal back.
pub fn process(Context { program_id, accounts, mut args }: Context) -> Result {
    log("Instruction: ProposeAdmin");
    let [admin, config, ..] = accounts else {
        return Err(FrameworkError::AccountNotEnoughKeys.into());
    };
    constrain(config).writable()?;
    let mut config = Config::load_mut(config, program_id)?;
    constrain(admin).signer()?.authorized(&config.admin)?;

    config.pending_admin = args.address()?;
    Ok(())
}
