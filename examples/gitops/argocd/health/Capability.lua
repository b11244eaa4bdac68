-- Healthy: everything that is possible at this stage works; a version that is kept back is told in the message.
local health = {status = "Progressing", message = "Waiting for the operator."}
if obj.metadata.deletionTimestamp ~= nil then
  health.message = "Being deleted."
  return health
end
if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end
local found = {}
for _, condition in ipairs(obj.status.conditions) do
  found[condition.type] = condition
end
local ready, stalled, blocked = found["Ready"], found["Stalled"], found["RolloutBlocked"]
if ready == nil then
  return health
end
health.message = ready.reason .. ": " .. ready.message
if blocked ~= nil and blocked.status == "True" then
  health.message = health.message .. " " .. blocked.reason .. ": " .. blocked.message
end
if stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
elseif ready.status == "True" then
  health.status = "Healthy"
elseif ready.reason == "ServingUnavailable" then
  health.status = "Degraded"
end
return health
