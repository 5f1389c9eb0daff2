"""Inbox, outbox, leases, trackers and transcripts in Redis: the only package that talks to it.

Keys, with `p` a partition's number; the braces are Redis Cluster's hash tag, so that all keys
that one script touches live on one node:

| key                              | type   | holds                                            |
| -------------------------------- | ------ | ------------------------------------------------ |
| `fk:{p}:inbox`                   | stream | messages to be answered; group `workers`         |
| `fk:{p}:outbox`                  | stream | answers to be delivered; group `senders`         |
| `fk:{p}:dead`                    | stream | dead letters                                     |
| `fk:{p}:lease:<role>`            | string | `<holder> <epoch>`, expires                      |
| `fk:{p}:epoch:<role>`            | int    | the newest epoch given                           |
| `fk:{p}:seen:<channel>:<c>:<id>` | string | `<entry id> <cursor> <answered>`, expires        |
| `fk:{p}:chat:<c>`                | stream | the transcript of conversation `c`               |
| `fk:{p}:tracker:<c>`             | list   | the tracker's events, one JSON object each       |
| `fk:{p}:base:<c>`                | string | the window's base and start, JSON                |
| `fk:layout`                      | string | the number of partitions                         |
| `fk:{<role>}:holders`            | zset   | live processes, by when their heartbeat expires  |
| `fk:{<role>}:about`              | hash   | what each of them says of itself, JSON           |
| `fk:notices`                     | pubsub | `Notice`s                                        |
"""
