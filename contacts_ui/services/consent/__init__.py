"""May we text this number, and why? One record of statements for each number, and one door for all that changes it.

- *Why may we text this person?* `rules`: rule 1, and the verdict that the screen shows, in words. Pure.
- *What happens on a click?* `doors`, one function for each press of staff; `held_presses`, a press that can be unsent.
- *How does a stop get to the vendors?* `stops` writes it; `desired_state` says what each vendor should hold; `delivery`
  calls, tries again, and gives up; `sending` is the call itself.
- *What is on record?* `record`: statements, the verdict of each number, and `judge_one` for pages. `types`: what pages
  and forms hand in.
- *Who may opt a person in?* `opt_in`, with newer evidence; `lift_requests`, by a second person.
- *What do vendors say?* `vendor_events`: their marks, codes, and other events. `slicktext_readings` and
  `cloudcontactai_readings`: their contacts, as we read them. `inbound_texts`: what people write; `phrases`: what it
  means. `renewal`: stops that CloudContactAI is told again. `disagreements`: where the vendors differ.
- *A new, changed or deleted number?* `phone_numbers`. *A deadline?* `business_days`.

docs/consent.md has the rules by number.
"""
