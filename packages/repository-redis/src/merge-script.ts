import { defineScript, type Script } from './script.ts';

/**
 * `merge` of domain, for some products at once; each is read and written in one step.
 *
 * ARGV[1] is the largest version of the call, and KEYS[1] where the largest of all is kept: written before the products,
 * so that it is never too low. Where ARGV[1] is empty there is no such key. Each further key is a product; ARGV[2]
 * is a JSON array with four texts for each: price, price_version, stock, stock_version as the shortest text of the number,
 * a value that is not set empty.
 *
 * Versions and values are compared as doubles, in which every safe integer is exact, and stored as the texts that came:
 * Lua's own way from number to text keeps 14 digits.
 *
 * Answers for each product: 0 where nothing was newer, 1 where it now is what came, else which field was taken
 * (1 price, 2 stock) with value and version of the other one.
 */
export const mergeScript: Script = defineScript(`
local first = 1
if ARGV[1] ~= '' then
  local highest = redis.call('GET', KEYS[1])
  if not highest or tonumber(highest) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
  first = 2
end

local function newer(value, version, there, thereVersion)
  if version ~= thereVersion then return version > thereVersion end
  return version > 0 and tonumber(value) > tonumber(there)
end

local answers = {}
local values = cjson.decode(ARGV[2])
local at = 1
for i = first, #KEYS do
  local key = KEYS[i]
  local price, priceVersion, stock, stockVersion = values[at], values[at + 1], values[at + 2], values[at + 3]
  at = at + 4
  local there = redis.pcall('HMGET', key, 'price', 'price_version', 'stock', 'stock_version')
  if there.err then return redis.error_reply('DAMAGED ' .. key .. ' is not the hash of a product') end
  local pv, sv = 0, 0
  if there[2] then
    pv = tonumber(there[2])
    if not pv or not tonumber(there[1]) then return redis.error_reply('DAMAGED ' .. key .. ' has a price that is no number') end
  end
  if there[4] then
    sv = tonumber(there[4])
    if not sv or not tonumber(there[3]) then return redis.error_reply('DAMAGED ' .. key .. ' has a stock that is no number') end
  end
  local takePrice = newer(price, tonumber(priceVersion), there[1], pv)
  local takeStock = newer(stock, tonumber(stockVersion), there[3], sv)
  if takePrice and takeStock then
    redis.call('HSET', key, 'price', price, 'price_version', priceVersion, 'stock', stock, 'stock_version', stockVersion)
    answers[#answers + 1] = 1
  elseif takePrice then
    redis.call('HSET', key, 'price', price, 'price_version', priceVersion)
    answers[#answers + 1] = sv > 0 and { 1, there[3], there[4] } or 1
  elseif takeStock then
    redis.call('HSET', key, 'stock', stock, 'stock_version', stockVersion)
    answers[#answers + 1] = pv > 0 and { 2, there[1], there[2] } or 1
  else
    answers[#answers + 1] = 0
  end
end
return answers
`);
