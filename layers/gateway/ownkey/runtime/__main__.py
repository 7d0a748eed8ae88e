"""`python -m ownkey.runtime`: what the exec wrapper starts inside Lambda, and the local front on this machine."""

from ownkey.runtime.loop import main

if __name__ == "__main__":
    main()
