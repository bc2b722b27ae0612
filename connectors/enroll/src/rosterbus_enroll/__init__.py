"""SchoolMint Enroll's registration exports, from both sides: writing them as Sync Service does, and picking them up."""
