"""What somebody else's code raised: in words that every file can hold, and whether it was meant."""

import dis

MOST_LETTERS = 300  # of an exception: the first say what it is


def said(error: BaseException) -> str:
    """Return "KeyError: 'y'", in one line of `MOST_LETTERS` letters that UTF-8 can hold.

    What cannot be shown (a control character, half of a surrogate pair) is escaped; a message that
    cannot be had, since asking for it raises, is left out.
    """
    try:
        text = str(error)[: 2 * MOST_LETTERS]
    except Exception:
        text = "(its message cannot be read)"
    kind = type(error).__name__
    line = " ".join((f"{kind}: {text}" if text else kind).split())
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
    return shown if len(shown) <= MOST_LETTERS else f"{shown[: MOST_LETTERS - 4]} ..."


def asked_to_stop(error: BaseException) -> bool:
    """Return whether somebody pressed Ctrl-C: a KeyboardInterrupt that no statement raised.

    A signal interrupts a frame at any instruction; a model that raises one is at its `raise`.
    """
    if not isinstance(error, KeyboardInterrupt):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return True
    code = trace.tb_frame.f_code.co_code
    return dis.opname[code[trace.tb_lasti]] != "RAISE_VARARGS"
