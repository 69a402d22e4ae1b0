-- wrk -s load.lua URL -- METHOD [BODY [MOST]]      ends with one line of JSON
-- MOST: a random number from 1 to it is put after the URL's path, a new one for each request
init = function(arguments)
  wrk.method = arguments[1] or "GET"
  if arguments[3] then
    local most = tonumber(arguments[3])
    math.randomseed(os.time())
    request = function()
      return wrk.format(nil, wrk.path .. math.random(most))
    end
  end
  if arguments[2] and arguments[2] ~= "" then
    wrk.body = arguments[2]
    wrk.headers["Content-Type"] = "application/json"
    wrk.headers["Accept"] = "*/*"
  end
end

done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,"refused":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.status, e.connect, e.read, e.write, e.timeout))
end
