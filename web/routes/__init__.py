"""Every router of the site, in the order they are tried."""

from web.routes import (
    account,
    administration,
    ballot,
    council,
    dashboard,
    health,
    inbox,
    intake,
    nominations,
    outside,
    petitions,
    public,
    rounds,
    sign_in,
    signing,
    verify,
)

ROUTERS = (
    health.router,
    public.router,
    sign_in.router,
    outside.router,
    account.router,
    administration.router,
    inbox.router,
    nominations.router,
    intake.router,
    rounds.router,
    council.router,
    ballot.router,
    signing.router,
    verify.router,
    petitions.router,
    dashboard.router,
)
