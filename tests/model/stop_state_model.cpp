// SPDX-License-Identifier: MIT
// Stop requests: who requests calls every callback once, whoever comes or goes meanwhile, and nobody touches a callback
// that has ended.
#include <heddle/base/stop_state.hpp>
#include <optional>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::stop_callback;
using heddle::base::stop_source;
using heddle::base::stop_token;
using heddle_model::model;
using heddle_model::plain;

/// Writes, so that a call that nobody waits for is a race.
struct count {
  plain<int>* calls;
  void operator()() const { ++*calls; }
};

using counter = stop_callback<count>;

/// One requests, and another one destroys what may be running, and what may be called next.
template <int Callbacks>
struct destroyed_meanwhile : model<destroyed_meanwhile<Callbacks>, 2> {
  std::optional<stop_source> source;
  std::optional<counter> callbacks[Callbacks];
  plain<int> calls[Callbacks];

  void before() {
    source.emplace();
    for (int i = 0; i != Callbacks; ++i) {
      calls[i] = 0;
      callbacks[i].emplace(source->get_token(), count{&calls[i]});
    }
  }
  void thread(unsigned index) {
    if (index == 0) {
      HEDDLE_MODEL_CHECK(source->request_stop());
      source.reset();
      return;
    }
    for (int i = Callbacks; i-- != 0;) {
      callbacks[i].reset();
      HEDDLE_MODEL_CHECK(calls[i] <= 1);
      calls[i] = 0;
    }
  }
};

/// One requests, and another one registers; the callback stays.
struct registered_meanwhile : model<registered_meanwhile, 2> {
  std::optional<stop_source> source;
  std::optional<counter> callback;
  plain<int> calls = 0;

  void before() { source.emplace(); }
  void thread(unsigned index) {
    if (index == 0) {
      source->request_stop();
    } else {
      callback.emplace(source->get_token(), count{&calls});
    }
  }
  void after() {
    HEDDLE_MODEL_CHECK(calls == 1);
    callback.reset();
    source.reset();
  }
};

/// The same with one that goes at once, next to one that stays.
struct comes_and_goes : model<comes_and_goes, 2> {
  std::optional<stop_source> source;
  std::optional<counter> stays;
  plain<int> calls[2];

  void before() {
    source.emplace();
    stays.emplace(source->get_token(), count{&calls[0]});
    calls[0] = calls[1] = 0;
  }
  void thread(unsigned index) {
    if (index == 0) {
      source->request_stop();
      HEDDLE_MODEL_CHECK(calls[0] == 1);
    } else {
      {
        const counter brief(source->get_token(), count{&calls[1]});
      }
      HEDDLE_MODEL_CHECK(calls[1] <= 1);
    }
  }
  void after() {
    stays.reset();
    source.reset();
  }
};

/// Two register and go, without a request.
struct neighbours : model<neighbours, 2> {
  std::optional<stop_source> source;
  plain<int> calls = 0;

  void before() { source.emplace(); }
  void thread(unsigned) { const counter brief(source->get_token(), count{&calls}); }
  void after() {
    source->request_stop();
    HEDDLE_MODEL_CHECK(calls == 0);
    source.reset();
  }
};

/// Two request: one of them calls the callback, and both know that stop was requested.
struct two_request : model<two_request, 2> {
  std::optional<stop_source> sources[2];
  std::optional<counter> callback;
  plain<int> calls = 0;
  int first_requests = 0;

  void before() {
    sources[0].emplace();
    sources[1] = sources[0];
    callback.emplace(sources[0]->get_token(), count{&calls});
  }
  void thread(unsigned index) {
    const bool is_first = sources[index]->request_stop();
    if (is_first) {
      ++first_requests;
      HEDDLE_MODEL_CHECK(calls == 1);
    }
    HEDDLE_MODEL_CHECK(sources[index]->stop_requested());
    sources[index].reset();
  }
  void after() {
    HEDDLE_MODEL_CHECK(first_requests == 1);
    HEDDLE_MODEL_CHECK(calls == 1);
    callback.reset();
  }
};

/// Who sees the request sees what was written before it.
struct looks : model<looks, 2> {
  std::optional<stop_source> source;
  plain<int> written = 0;

  void before() { source.emplace(); }
  void thread(unsigned index) {
    if (index == 0) {
      written = 1;
      source->request_stop();
    } else {
      const stop_token token = source->get_token();
      const stop_source another = *source;
      if (token.stop_requested()) HEDDLE_MODEL_CHECK(written == 1);
    }
  }
  void after() { source.reset(); }
};

/// The last sources go while one registers: it is called if one of them makes the request before, else never.
template <bool Requested>
struct sources_go : model<sources_go<Requested>, 3> {
  std::optional<stop_source> sources[2];
  std::optional<stop_token> token;
  std::optional<counter> callback;
  plain<int> calls = 0;

  void before() {
    sources[0].emplace();
    sources[1] = sources[0];
    token = sources[0]->get_token();
  }
  void thread(unsigned index) {
    if (index == 2) {
      callback.emplace(*token, count{&calls});
      return;
    }
    if (Requested && index == 0) sources[index]->request_stop();
    sources[index].reset();
  }
  void after() {
    HEDDLE_MODEL_CHECK(calls == (Requested ? 1 : 0));
    HEDDLE_MODEL_CHECK(token->stop_possible() == Requested);
    callback.reset();
    token.reset();
  }
};

/// A callback destroys itself, the source and another callback, while a third one is destroyed by another thread.
struct destroys_itself : model<destroys_itself, 2> {
  struct destroyer {
    destroys_itself* all;
    void operator()() const {
      destroys_itself& here = *all;
      here.source.reset();
      here.own.reset();
      here.another.reset();
    }
  };
  std::optional<stop_source> source;
  std::optional<stop_callback<destroyer>> own;
  std::optional<counter> another;
  std::optional<counter> others;
  plain<int> calls[2];

  void before() {
    calls[0] = calls[1] = 0;
    source.emplace();
    another.emplace(source->get_token(), count{&calls[0]});
    others.emplace(source->get_token(), count{&calls[1]});
    own.emplace(source->get_token(), destroyer{this});
  }
  void thread(unsigned index) {
    if (index == 0) {
      source->request_stop();
      HEDDLE_MODEL_CHECK(calls[0] == 0);
    } else {
      others.reset();
      HEDDLE_MODEL_CHECK(calls[1] <= 1);
      calls[1] = 0;
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("base/stop_state.hpp",
                 {
                     explore<looks>("one looks", everything),
                     explore<registered_meanwhile>("one registers", everything),
                     explore<destroyed_meanwhile<1>>("one is destroyed", at_most_switches(7)),
                     explore<destroyed_meanwhile<2>>("two are destroyed", at_most_switches(5)),
                     explore<comes_and_goes>("one comes and goes", at_most_switches(6)),
                     explore<neighbours>("two come and go", at_most_switches(6)),
                     explore<two_request>("two request", at_most_switches(5)),
                     explore<sources_go<false>>("one registers while sources go", at_most_switches(4)),
                     explore<sources_go<true>>("one registers while sources request and go", at_most_switches(4)),
                     explore<destroys_itself>("one destroys itself", at_most_switches(5)),
                 },
                 {});
  return models.run(argc, argv);
}
