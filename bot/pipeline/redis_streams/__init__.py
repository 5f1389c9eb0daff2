"""Inbox, outbox, leases, trackers and transcripts in Redis: the only package that talks to it.

Keys, with `p` a partition's number; the braces are Redis Cluster's hash tag, so that all keys
that one script touches live on one node:

| key                              | type   | holds                                            |
| -------------------------------- | ------ | ------------------------------------------------ |
| `fk:{p}:inbox`                   | stream | messages to be answered; group `workers`         |
| `fk:{p}:outbox`                  | stream | answers to be delivered; group `senders`         |
| `fk:{p}:journal`                 | stream | what is to be recorded; group `keepers`          |
| `fk:{p}:dead`                    | stream | dead letters                                     |
| `fk:{p}:lease:<role>`            | string | `<holder> <epoch>`, expires                      |
| `fk:{p}:epoch:<role>`            | int    | the newest epoch given                           |
| `fk:{p}:seen:<channel>:<c>:<id>` | string | `<entry id> <cursor> <answered>`, expires        |
| `fk:{p}:chat:<c>`                | stream | the transcript of conversation `c`               |
| `fk:{p}:tracker:<c>`             | list   | the tracker's events, one JSON object each       |
| `fk:{p}:base:<c>`                | string | the window's base and start, JSON                |
| `fk:{p}:contact:<c>`             | hash   | where `c`'s customer was last heard              |
| `fk:{p}:floor:<c>`               | string | the handoff that may speak in `c`; else the bot  |
| `fk:{p}:ended:<handoff>`         | string | it has given the floor back; expires             |
| `fk:{p}:once:<what>`             | string | the desk has done that; expires                  |
| `fk:{p}:words`                   | int    | how many messages were named by the desk         |
| `fk:{p}:delivery:<id>`           | hash   | a message's calls, what is known; expires        |
| `fk:{p}:offer:<id>`              | hash   | a message's choices, by number; expires          |
| `fk:{p}:counts`                  | hash   | what the senders have done, by channel           |
| `fk:{pace}:<key>:<n>/<s>`        | zset   | calls that count against a rate; expires         |
| `fk:{pace}:<key>:held`           | string | a platform has asked to wait; expires            |
| `fk:layout`                      | string | the number of partitions                         |
| `fk:{<role>}:holders`            | zset   | live processes, by when their heartbeat expires  |
| `fk:{<role>}:about`              | hash   | what each of them says of itself, JSON           |
| `fk:notices`                     | pubsub | `Notice`s                                        |
"""
