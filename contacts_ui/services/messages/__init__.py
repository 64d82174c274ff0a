"""What vendors sent and received: texts after a stop are listed and raise an alarm.

- `sent`: keeps texts that vendors sent, and judges those that came after a stop.
- `reading`: reads SlickText's list of messages, as far as the account offers it.
- `retention`: forgets what nothing depends on.
"""
