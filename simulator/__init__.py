"""Docker Hub and its mirrors, simulated.

The core is :class:`simulator.world.World`: arrangements and changes in, requests in, responses and a journal
out, without sockets or clock. ``python -m simulator`` puts it on the network; the control API's client is
:class:`simulator.client.SimulatorClient`.
"""
