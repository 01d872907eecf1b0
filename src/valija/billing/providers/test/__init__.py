"""The test provider: a card page of ours that behaves like a hosted one, with a ledger of its own.

It takes no money. What the outside sees of it is `provider.PROVIDER` (the interface), its page
(`web/test_payment.py`) and the signed notices that it posts.
"""
