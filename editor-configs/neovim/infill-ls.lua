-- infill-ls for Neovim 0.11 or later: put this file into ~/.config/nvim/plugin/.

if vim.fn.has('nvim-0.11') == 0 then -- what follows would be an error at every start
  vim.notify('infill-ls needs Neovim 0.11 or later.', vim.log.levels.WARN)
  return
end
if vim.g.loaded_infill_ls then return end -- it is there by a plugin manager, too
vim.g.loaded_infill_ls = true

-- All in insert mode. CTRL-L does nothing there by default, and every terminal can send it; CTRL-G
-- waits for a second key anyway, so that nothing is slower for the keys after it. Others are set in
-- init.lua, before this file is read: vim.g.infill_ls_keys = { accept = '<Tab>' }. A <Tab> is a tab
-- while nothing is shown. '' is no key.
local keys = vim.tbl_extend('force', {
  accept = '<C-l>',
  accept_word = '<C-g>w',
  accept_line = '<C-g>l',
  next = '<C-g>n',
  previous = '<C-g>p',
  ask = '<C-g><Space>',
  toggle = '<C-g>t',
}, vim.g.infill_ls_keys or {})

-- For keys of your own, and for the status line: '%{v:lua.infill_ls.status()}'.
infill_ls = {}

local name = 'infill-ls'
-- ms without a key before the server is asked, which is told of it: the server waits for longer where
-- a call costs much, or where the last ones were of no use.
local pause = 40
local invoked, automatic = 1, 2 -- LSP's InlineCompletionTriggerKind
local statuses = {} -- what the server has last said of itself, by client

local told = {} -- messages of the server

-- Show a message of the server. One that has no room in a line would wait for a key while you type:
-- what to do is left of it, its last sentence, and :InfillExplain! has all.
local function tell(text, level)
  table.insert(told, text)
  text = name .. ': ' .. text
  local from = debug.getinfo(vim.notify, 'S').source
  local is_of_a_plugin = from:find('^@') and not from:find('^@vim/')
  if not is_of_a_plugin and vim.fn.strdisplaywidth(text) > vim.v.echospace then
    local to_do = text:match('.*%. (%u.*)') or ''
    local room = vim.v.echospace - 2 - vim.fn.strdisplaywidth(to_do)
    if room < #name + 20 then
      to_do, room = '', vim.v.echospace - 2
    end
    text = vim.fn.printf('%.' .. room .. 'S… %s', text, to_do)
  end
  vim.notify(text, level)
end

vim.lsp.config(name, {
  cmd = { 'infill-ls', 'serve' },
  root_markers = { '.git' },
  capabilities = {
    textDocument = { inlineCompletion = { dynamicRegistration = false } },
    experimental = { ['infill-ls/status'] = true, ['infill-ls/pause'] = pause },
  },
  -- Settings are for init.lua:
  -- vim.lsp.config('infill-ls', { init_options = { model = 'qwen2.5-coder:3b' } })
  handlers = {
    ['infill-ls/status'] = function(_, status, context)
      statuses[context.client_id] = status
      vim.cmd.redrawstatus({ bang = true })
    end,
    ['window/showMessage'] = function(_, said)
      -- LSP counts from 1, an error, on; Neovim up to 4, an error.
      tell(said.message, math.max(5 - said.type, vim.log.levels.DEBUG))
    end,
  },
  on_exit = function(_, _, client_id)
    statuses[client_id] = nil
  end,
})
vim.lsp.enable(name)

-- Neovim passes over a server that isn't there, in silence.
local here = vim.fs.normalize(debug.getinfo(1, 'S').source:sub(2))
vim.api.nvim_create_autocmd('InsertEnter', {
  once = true,
  callback = function()
    local program = vim.lsp.config[name].cmd
    program = type(program) == 'table' and program[1] or name
    if vim.fn.executable(program) == 1 then return end
    -- A plugin manager has the whole repository, with the server in it.
    local root = vim.fs.root(here, 'pyproject.toml')
    local fix = root and 'Install it: uv tool install ' .. vim.fn.shellescape(root)
      or 'Install infill-ls so that it is.'
    vim.notify(('%s is not on the PATH. %s'):format(program, fix), vim.log.levels.WARN)
  end,
})

-- Neovim 0.12 has inline completion of its own. It goes on showing what no longer fits, draws what
-- replaces closers over whatever stands behind them, and can't be asked. This file asks and draws
-- by itself, with nothing that Neovim doesn't document.
local places = vim.api.nvim_create_namespace(name .. '.places') -- where the server was asked
local ghost = vim.api.nvim_create_namespace(name) -- what is drawn
local timer = assert(vim.uv.new_timer())
local offer -- the last answer, and where it was asked for
local waiting -- the last request

-- Where the text has the closers that stand right of the cursor, in order; nil if it hasn't. That
-- of a bracket that the text opens itself is another one, unless they can't be found otherwise.
local function passed(text, closers)
  for _, opening in ipairs({ '[%(%[{]', '^$' }) do
    local found, depth = {}, 0
    for at = 1, #text do
      local character = text:sub(at, at)
      if depth == 0 and #found < #closers and character == closers:sub(#found + 1, #found + 1) then
        table.insert(found, at)
      elseif character:find(opening) then
        depth = depth + 1
      elseif character:find('[%)%]}]') then
        depth = math.max(depth - 1, 0)
      end
    end
    if #found == #closers then return found end
  end
end

-- What is left of the suggestion to be put in at the cursor, and the closers right of it in whose
-- place it comes. Nil if what was typed since is not its beginning, or if it hasn't the closers.
local function rest()
  if not offer or offer.buffer ~= vim.api.nvim_get_current_buf() then return nil end
  local item = offer.items[offer.index]
  local row, col, mark =
    unpack(vim.api.nvim_buf_get_extmark_by_id(0, places, offer.mark, { details = true }))
  local now_row, now_col = unpack(vim.api.nvim_win_get_cursor(0))
  now_row = now_row - 1
  -- The mark's start is elsewhere when something left of it was deleted, its end when a new line
  -- was begun before the closers. What a mapping closes by itself comes before its end.
  if not item or col ~= offer.col or mark.end_row ~= now_row then return nil end
  local end_col = mark.end_col - item.behind
  if now_row < row or (now_row == row and now_col < col) or end_col < now_col then return nil end
  local typed = vim.api.nvim_buf_get_text(0, row, col, now_row, now_col, {})
  typed = table.concat(typed, '\n')
  if not vim.startswith(item.text, typed) then return nil end
  local text = item.text:sub(#typed + 1)
  local closers = vim.api.nvim_get_current_line():sub(now_col + 1, end_col)
  if text ~= closers and passed(text, closers) then return text, closers end
end

local function hide()
  if offer and vim.api.nvim_buf_is_valid(offer.buffer) then
    vim.api.nvim_buf_clear_namespace(offer.buffer, ghost, 0, -1)
  end
end

-- Draw what is left: what can be seen is what will stand there. Closers that stay in the line are
-- left where they are, with the text around them; what goes to another line is seen only there.
local function show(hint)
  hide()
  local text, closers = rest()
  if not text then return end
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local line = vim.api.nvim_get_current_line()
  local lines = vim.split(text, '\n', { plain = true })
  local function put(what)
    what.hl_mode = 'combine'
    vim.api.nvim_buf_set_extmark(0, ghost, row - 1, col, what)
  end
  local function inline(piece, ...)
    put({ virt_text = { { piece, 'InfillLsGhost' }, ... }, virt_text_pos = 'inline' })
  end
  local behind = line:sub(col + #closers + 1)
  local from = 1
  for _, closer in ipairs(passed(text, closers)) do
    if closer > #lines[1] then break end
    inline(lines[1]:sub(from, closer - 1))
    from, col = closer + 1, col + 1
  end
  if #lines == 1 then
    inline(lines[1]:sub(from), hint)
    return
  end
  inline(lines[1]:sub(from))
  local below = {}
  for at = 2, #lines do
    table.insert(below, { { lines[at], 'InfillLsGhost' } })
  end
  vim.list_extend(below[#below], { { behind, 'Normal' }, hint })
  local blanks = (' '):rep(vim.fn.strdisplaywidth(line:sub(col + 1)))
  put({ virt_text = { { blanks } }, virt_text_pos = 'overlay', virt_lines = below })
end

-- Whether a suggestion for this buffer is welcome now. vim.b.infill_ls = false: never there.
local function wanted(buffer)
  return vim.api.nvim_get_current_buf() == buffer
    and vim.startswith(vim.api.nvim_get_mode().mode, 'i')
    and vim.b.infill_ls ~= false
end

local function forget()
  hide()
  if offer and vim.api.nvim_buf_is_valid(offer.buffer) then
    vim.api.nvim_buf_del_extmark(offer.buffer, places, offer.mark)
  end
  offer = nil
end

-- Ask the server what belongs at the cursor.
local function request(kind)
  timer:stop()
  local buffer = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_clients({ name = name, bufnr = buffer })[1]
  if not client or not wanted(buffer) then return end
  local encoding, line = client.offset_encoding, vim.api.nvim_get_current_line()
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local params = vim.lsp.util.make_position_params(0, encoding)
  params.context = { triggerKind = kind }
  -- From here to the end of the line, whatever is typed and closed until and after the answer.
  local mark = vim.api.nvim_buf_set_extmark(buffer, places, row - 1, col, {
    end_row = row - 1,
    end_col = #line,
    right_gravity = false,
    end_right_gravity = true,
  })
  local this = { client = client }
  this.sent, this.id = client:request('textDocument/inlineCompletion', params, function(err, result)
    if waiting == this then waiting = nil end
    if not vim.api.nvim_buf_is_valid(buffer) then return end
    -- Without a result that for a newer request comes; what is shown stays until then.
    if err or not result or not wanted(buffer) then
      vim.api.nvim_buf_del_extmark(buffer, places, mark)
      return
    end
    forget()
    offer = { client = client, buffer = buffer, mark = mark, col = col, index = 1, items = {} }
    for _, item in ipairs(result.items or result) do
      local finish = item.range and item.range['end'].character
      finish = finish and vim.str_byteindex(line, encoding, finish, false) or col
      table.insert(offer.items, {
        text = item.insertText,
        behind = #line - finish, -- bytes of the line that stay as they are
        command = item.command,
      })
    end
    show()
  end, buffer)
  waiting = this.sent and this or nil
end

local part -- of what is shown: what is accepted

-- Accept the part of what is shown that `wanted_part` says; false if nothing is shown.
local function accept(wanted_part)
  if not rest() then return false end
  part = wanted_part
  -- As keys, because a mapping may be one in which the text can't be changed. CTRL-G u: what is
  -- accepted can be undone by itself.
  local put_in = vim.keycode('<C-g>u<Cmd>lua infill_ls._put_in()<CR><C-g>u')
  vim.api.nvim_feedkeys(put_in, 'ni', false)
  return true
end

function infill_ls._put_in()
  local text, closers = rest()
  if not text then return end
  local accepted = part(text)
  local replaced = 0
  for _, closer in ipairs(passed(text, closers)) do
    if closer <= #accepted then replaced = replaced + 1 end
  end
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(accepted, '\n', { plain = true })
  vim.api.nvim_buf_set_text(0, row - 1, col, row - 1, col + replaced, lines)
  local last = #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, #lines == 1 and col + last or last })
  if accepted ~= text then
    show()
    request(automatic)
    return
  end
  local client, command = offer.client, offer.items[offer.index].command
  forget()
  if command then client:exec_cmd(command, { bufnr = vim.api.nvim_get_current_buf() }) end
end

function infill_ls.accept()
  return accept(function(text) return text end)
end

-- The first word, or the first run of other characters, with the blanks before it.
function infill_ls.accept_word()
  return accept(function(text)
    local blanks, line = text:match('^(%s*)([^\n]*)')
    local word = vim.fn.matchstr(line, [[\v^(\k+|((\k|\s)@!.)+)]])
    return word ~= '' and blanks .. word or text
  end)
end

-- The first line that is not empty, without its end.
function infill_ls.accept_line()
  return accept(function(text) return text:match('^%s*[^\n]+') or text end)
end

local function select(steps)
  if not rest() then return end
  offer.index = (offer.index - 1 + steps) % #offer.items + 1
  show({ (' (%d/%d)'):format(offer.index, #offer.items), 'ComplHintMore' })
end

function infill_ls.next() select(vim.v.count1) end

function infill_ls.previous() select(-vim.v.count1) end

-- Asked by hand, the server offers several suggestions, and is more generous.
function infill_ls.ask() request(invoked) end

-- Run a command of the server; `answered` gets what it answers.
local function command(command_name, answered)
  for _, client in ipairs(vim.lsp.get_clients({ name = name })) do
    client:exec_cmd({ title = command_name, command = command_name }, nil, function(err, result)
      if not err and answered then answered(result) end
    end)
  end
end

-- Off or on, for all documents. Asking again hides what is shown, or shows something.
function infill_ls.toggle()
  command('infill-ls.toggle')
  request(automatic)
end

-- Why the last request was answered as it was; with `all`, also those before, newest first, and
-- what the server has told you.
function infill_ls.explain(all)
  command('infill-ls.explain', function(answer)
    local lines = { 'infill-ls: ' .. answer.message }
    for _, one in ipairs(all and answer.before or {}) do
      local times = one.times > 1 and (' (%d times)'):format(one.times) or ''
      table.insert(lines, ('%5.0f s ago: %s%s'):format(one.seconds_ago, one.message, times))
    end
    if all then vim.list_extend(lines, vim.tbl_map(function(text) return 'told: ' .. text end, told)) end
    vim.notify(table.concat(lines, '\n'))
  end)
end

-- 'idle', 'asking', 'loading', 'off' or 'problem'; '' where there is no infill-ls.
function infill_ls.status()
  local client = vim.lsp.get_clients({ name = name, bufnr = 0 })[1]
  local status = client and statuses[client.id]
  return status and status.state or ''
end

vim.api.nvim_create_user_command('InfillToggle', infill_ls.toggle, {})
vim.api.nvim_create_user_command('InfillExplain', function(called)
  infill_ls.explain(called.bang)
end, { bang = true })

local group = vim.api.nvim_create_augroup(name, {})
vim.api.nvim_create_autocmd({ 'InsertEnter', 'CursorMovedI', 'TextChangedI', 'TextChangedP' }, {
  group = group,
  callback = function(event)
    if #vim.lsp.get_clients({ name = name, bufnr = event.buf }) == 0 then return end
    show()
    timer:start(pause, 0, vim.schedule_wrap(function() request(automatic) end))
  end,
})
vim.api.nvim_create_autocmd('InsertLeave', {
  group = group,
  callback = function()
    timer:stop()
    if waiting then waiting.client:cancel_request(waiting.id) end
    waiting = nil
    forget()
  end,
})
-- Where the user has Neovim's own for other servers: ours would be there twice.
vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == name and vim.lsp.inline_completion then
      vim.lsp.inline_completion.enable(false, { client_id = client.id })
    end
  end,
})

-- ComplHint is the colour of such text, but by default for terminals with true colour alone. Others
-- get a grey of theirs, unless the colour scheme has something for them.
local function colour()
  vim.api.nvim_set_hl(0, 'ComplHint', { link = 'NonText', default = true }) -- Neovim 0.11 has none
  vim.api.nvim_set_hl(0, 'ComplHintMore', { link = 'MoreMsg', default = true })
  local hint = vim.api.nvim_get_hl(0, { name = 'ComplHint', link = false })
  if not hint.ctermfg and not hint.cterm then
    local screen = vim.api.nvim_list_uis()[1]
    local colours = screen and screen.term_colors or 256
    local grey = vim.o.background == 'dark' and 243 or 246
    hint.ctermfg = colours >= 256 and grey or colours >= 16 and 8 or 4
  end
  vim.api.nvim_set_hl(0, 'InfillLsGhost', hint)
end
colour()
vim.api.nvim_create_autocmd({ 'ColorScheme', 'UIEnter' }, { group = group, callback = colour })
vim.api.nvim_create_autocmd('OptionSet', {
  group = group,
  pattern = 'background',
  callback = colour,
})

-- CTRL-L without a suggestion would type a form feed.
for _, action in ipairs({ 'accept', 'accept_word', 'accept_line' }) do
  local key = keys[action]
  if key ~= '' then
    vim.keymap.set('i', key, function()
      return (infill_ls[action]() or key == '<C-l>') and '' or key
    end, { expr = true, desc = 'infill-ls: ' .. action })
  end
end
for _, action in ipairs({ 'next', 'previous', 'ask', 'toggle' }) do
  if keys[action] ~= '' then
    vim.keymap.set('i', keys[action], infill_ls[action], { desc = 'infill-ls: ' .. action })
  end
end
