#pragma once

#include "../plugin.h"
#include "headers.h"

#include <map>
#include <mutex>
#include <string>

namespace edgeml::trt {

// Makes one rising figure of TensorRT's nested phases. A step of a phase counts as far as its running child has come; a
// phase may end before all its steps, steps come from several threads, and the figure never falls.
class Progress final : public nvinfer1::IProgressMonitor {
  public:
    Progress(edgeml_progress_fn progress, void *user) : progress_(progress), user_(user) {}

    bool cancelled() const noexcept { return cancelled_; }

    void phaseStart(char const *name, char const *parent, int32_t steps) noexcept override;
    bool stepComplete(char const *name, int32_t step) noexcept override;
    void phaseFinish(char const *name) noexcept override;

  private:
    struct Phase {
        std::string parent;
        double steps = 1;
        double done = 0;
    };

    double fraction(const std::string &name, int depth) const;
    void tell(const char *phase);

    const edgeml_progress_fn progress_;
    void *const user_;
    std::mutex gate_;
    std::map<std::string, Phase> phases_;
    double told_ = 0;
    bool cancelled_ = false;
};

} // namespace edgeml::trt
