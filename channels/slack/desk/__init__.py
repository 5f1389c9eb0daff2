"""The Slack desk: each handoff is a thread in the staff's channel, and staff answer there."""
