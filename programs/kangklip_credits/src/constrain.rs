use pinocchio::{AccountView, Address};

use crate::error::{CreditsError, FrameworkError, Result};

/// What an instruction demands of an account, written as a chain where the account is taken:
/// `constrain(user).signer()?.writable()?`.
#[derive(Clone, Copy)]
pub struct Constrained<'a>(&'a AccountView);

pub fn constrain(account: &AccountView) -> Constrained<'_> {
    Constrained(account)
}

impl Constrained<'_> {
    pub fn signer(self) -> Result<Self> {
        self.holds(self.0.is_signer(), FrameworkError::AccountNotSigner)
    }

    pub fn writable(self) -> Result<Self> {
        self.holds(self.0.is_writable(), FrameworkError::ConstraintMut)
    }

    /// The account is this program (token program, system program).
    pub fn program(self, id: &Address) -> Result<Self> {
        self.holds(self.0.address() == id, FrameworkError::InvalidProgramId)
    }

    /// The account is the one that the Config trusts for this role.
    pub fn authorized(self, by: &Address) -> Result<Self> {
        self.holds(self.0.address() == by, CreditsError::Unauthorized)
    }

    /// The account lies where its seeds say.
    pub fn seeds(self, agree: bool) -> Result<Self> {
        self.holds(agree, FrameworkError::ConstraintSeeds)
    }

    fn holds(self, condition: bool, otherwise: impl Into<pinocchio::error::ProgramError>) -> Result<Self> {
        if condition {
            Ok(self)
        } else {
            Err(otherwise.into())
        }
    }
}

/// Fails with `error` unless the condition holds.
pub fn require(condition: bool, error: CreditsError) -> Result {
    if condition {
        Ok(())
    } else {
        Err(error.into())
    }
}
