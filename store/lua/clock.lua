-- The one clock of all scripts: Redis TIME in milliseconds. It is put before each that needs the time.
local clock = redis.call('TIME')
local NOW = clock[1] * 1000 + math.floor(clock[2] / 1000)
