"""The worker's enforcement point: does to the answers of marked clients what their marks say.

point     what becomes of an answer
arbiter   marks, and what they decide: pure, so that the simulated campus decides alike
held      answers that wait, and the queries that wait for them
askings   when a client asked first, so that a retry does not wait anew
known     the addresses that mail-related answers brought, to tell a refresh
"""
