-- infill-ls for Neovim 0.12 or later: put this file into ~/.config/nvim/plugin/.
if not vim.lsp.inline_completion then
  vim.notify('infill-ls.lua is for Neovim 0.12; take infill-ls-0.11.lua', vim.log.levels.ERROR)
  return
end

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
local statuses = {} -- what the server has last said of itself, by client

vim.lsp.config(name, {
  cmd = { 'infill-ls', 'serve' },
  root_markers = { '.git' },
  capabilities = { experimental = { ['infill-ls/status'] = true } },
  -- Settings are for init.lua:
  -- vim.lsp.config('infill-ls', { init_options = { model = 'qwen2.5-coder:3b' } })
  handlers = {
    ['infill-ls/status'] = function(_, status, context)
      statuses[context.client_id] = status
      vim.cmd.redrawstatus({ bang = true })
    end,
  },
  on_exit = function(_, _, client_id)
    statuses[client_id] = nil
  end,
})
vim.lsp.enable(name)
vim.lsp.inline_completion.enable()

-- Neovim 0.12 asks by itself alone, 200 ms after a key. What can ask at once is not public; without
-- it, asking by hand does nothing, and what is left of a suggestion shows 200 ms later.
local function request(kind)
  local found, capabilities = pcall(require, 'vim.lsp._capability')
  local buffer = vim.api.nvim_get_current_buf()
  local asker = found and vim.tbl_get(capabilities, 'all', 'inline_completion', 'active', buffer)
  if asker and asker.request and asker.reset_timer then
    asker:reset_timer()
    asker:request(kind)
  end
end

-- What is left of a suggestion to insert at the cursor. More may have been typed since it was asked
-- for; it must be the beginning of the suggestion, or nothing of it fits any more (nil).
local function rest(item)
  if not item.range then return item.insert_text end
  local start_row, start_col = item.range:to_extmark()
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  row = row - 1
  if row < start_row or (row == start_row and col < start_col) then return nil end
  local typed = vim.api.nvim_buf_get_text(0, start_row, start_col, row, col, {})
  typed = table.concat(typed, '\n')
  if vim.startswith(item.insert_text, typed) then return item.insert_text:sub(#typed + 1) end
end

local function insert(text)
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(text, '\n', { plain = true })
  vim.api.nvim_buf_set_text(0, row - 1, col, row - 1, col, lines)
  local last = #lines[#lines]
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, #lines == 1 and col + last or last })
end

-- Accept the part of what is shown that `part` says; false if nothing is shown.
local function accept(part)
  return vim.lsp.inline_completion.get({
    on_accept = function(item)
      local client = vim.lsp.get_client_by_id(item.client_id)
      if not client or client.name ~= name then return item end
      local text = rest(item)
      if not text or text == '' then return nil end
      local accepted = part(text)
      insert(accepted)
      vim.api.nvim_feedkeys(vim.keycode('<C-g>u'), 'ni', false)
      if accepted ~= text then
        request(vim.lsp.protocol.InlineCompletionTriggerKind.Automatic)
      elseif item.command then
        client:exec_cmd(item.command, { bufnr = vim.api.nvim_get_current_buf() })
      end
    end,
  })
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

function infill_ls.next()
  vim.lsp.inline_completion.select({ count = vim.v.count1 })
end

function infill_ls.previous()
  vim.lsp.inline_completion.select({ count = -vim.v.count1 })
end

-- Asked by hand, the server offers several suggestions, and is more generous.
function infill_ls.ask()
  request(vim.lsp.protocol.InlineCompletionTriggerKind.Invoked)
end

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
  request(vim.lsp.protocol.InlineCompletionTriggerKind.Automatic)
end

-- Why the last request was answered as it was.
function infill_ls.explain()
  command('infill-ls.explain', function(answer) vim.notify('infill-ls: ' .. answer.message) end)
end

-- 'idle', 'asking', 'loading', 'off' or 'problem'; '' where there is no infill-ls.
function infill_ls.status()
  local client = vim.lsp.get_clients({ name = name, bufnr = 0 })[1]
  local status = client and statuses[client.id]
  return status and status.state or ''
end

vim.api.nvim_create_user_command('InfillToggle', infill_ls.toggle, {})
vim.api.nvim_create_user_command('InfillExplain', infill_ls.explain, {})

-- CTRL-G u, here and after it: what is accepted can be undone by itself. CTRL-L without one would type a form feed.
for _, action in ipairs({ 'accept', 'accept_word', 'accept_line' }) do
  local key = keys[action]
  if key ~= '' then
    vim.keymap.set('i', key, function()
      if infill_ls[action]() then return '<C-g>u' end
      return key == '<C-l>' and '' or key
    end, { expr = true, desc = 'infill-ls: ' .. action })
  end
end
for _, action in ipairs({ 'next', 'previous', 'ask', 'toggle' }) do
  if keys[action] ~= '' then
    vim.keymap.set('i', keys[action], infill_ls[action], { desc = 'infill-ls: ' .. action })
  end
end
