"""The demo: a scripted agent makes real calls with a daemon of its own, first in shadow, then enforced."""
