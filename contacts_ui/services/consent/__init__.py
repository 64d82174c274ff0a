"""May we text this number, and why? One record of statements for each number, and one door for all that changes it.

Read in this order:

- `rules`: rule 1 in a few pure lines: which stop stands, which consent answers it, and when a thing was said.
- `verdicts`: that, joined with what both vendors hold, in the words of the screen. Pure, too.
- `types`: what pages, forms and readings hand in: who is meant, how they asked, the evidence.
- `record`: writes statements and keeps the verdict of each number.
- `stops`: writes a stop; `held_presses`: a bare press that can still be unsent.
- `doors`: one function for each way in which staff stop texts; `raising`: consent, with newer evidence;
  `number_doors`: contacts created, renumbered, deleted; `vendor_doors`: what vendors said or refused.
- `readings`: what a contact read at SlickText means.
- `own_words`: what people write to a vendor, and the review of what may be a stop; `phrases`: what a message means.
- `renewal`: every stop told to CloudContactAI again; `register_reads`: what it shows where it can be read.
- `lifting`, `lift_requests`: asking a second person for consent to be raised, and deciding.
- `desired_state`, `delivery`, `sending`: how it gets to the vendors.
- `looking`: the verdict, for pages. `opt_outs`, `disagreements`: what managers review, derived from the record.
- `number_ids`: ids of numbers for addresses; `business_days`: deadlines; `migration`: for migration 0018 alone.

The rules by number are those of docs/consent.md.
"""
