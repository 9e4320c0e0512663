use pinocchio::Address;

use crate::{
    constrain::{constrain, require},
    context::Context,
    error::{CreditsError, FrameworkError, Result},
    log::log,
    state::Config,
};

pub const DISCRIMINATOR: &[u8; 8] = &[112, 42, 45, 90, 116, 181, 13, 170];

/// Makes the proposed key the admin. It signs itself, so a mistyped key never takes over.
pub fn process(Context { program_id, accounts, .. }: Context) -> Result {
    log("Instruction: AcceptAdmin");
    let [new_admin, config, ..] = accounts else {
        return Err(FrameworkError::AccountNotEnoughKeys.into());
    };
    constrain(config).writable()?;
    let mut config = Config::load_mut(config, program_id)?;
    constrain(new_admin).signer()?.authorized(&config.pending_admin)?;
    require(config.pending_admin != Address::default(), CreditsError::Unauthorized)?;

    config.admin = config.pending_admin.clone();
    config.pending_admin = Address::default();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        instructions::propose_admin,
        testing::{config, key, run, Fake, ADMIN},
    };

    #[test]
    fn the_admin_changes_in_two_steps() {
        let mut config = config();
        let propose = |who: u8, whom: Address, config: &mut Fake| {
            run(&mut [&mut Fake::signer(key(who)), config], &[propose_admin::DISCRIMINATOR, whom.as_ref()])
        };
        let accept =
            |who: u8, config: &mut Fake| run(&mut [&mut Fake::signer(key(who)), config], &[DISCRIMINATOR]);

        let unauthorized = Err(CreditsError::Unauthorized.into());
        assert_eq!(accept(9, &mut config), unauthorized);
        assert_eq!(accept(0, &mut config), unauthorized);
        assert_eq!(propose(9, key(9), &mut config), unauthorized);
        propose(ADMIN, key(9), &mut config).unwrap();
        assert_eq!(accept(8, &mut config), unauthorized);
        propose(ADMIN, Address::default(), &mut config).unwrap();
        assert_eq!(accept(9, &mut config), unauthorized);
        propose(ADMIN, key(9), &mut config).unwrap();
        accept(9, &mut config).unwrap();
        assert!(config.get::<Config>().admin == key(9));
        assert_eq!(accept(9, &mut config), unauthorized);
        assert_eq!(propose(ADMIN, key(ADMIN), &mut config), unauthorized);
    }
}
