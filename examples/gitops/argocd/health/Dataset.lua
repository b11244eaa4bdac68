-- Healthy once it is locked; Degraded where a person has to mend something; otherwise the snapshot goes on.
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
local ready, stalled = found["Ready"], found["Stalled"]
if ready == nil then
  return health
end
health.message = ready.reason .. ": " .. ready.message
if stalled ~= nil and stalled.status == "True" then
  health.status = "Degraded"
elseif ready.status == "True" then
  health.status = "Healthy"
end
return health
