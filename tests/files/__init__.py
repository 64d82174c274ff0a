"""Files as nine programs and many people really write them, and what each must end as at both vendors."""
