"""What vendors sent and received: texts after a stop are listed and raise an alarm.

- `sent_texts`: stores texts that vendors sent, and lists those that came after a stop.
- `slicktext_sync`: reads SlickText's list of messages, if the account offers it; `position` knows how far.
- `number_facts`: facts about a number that are no stops, like a landline.
"""
